/** The tabs of a first visit. GraphiQL keeps a visitor's own tabs after that. */
export const examples: { query: string; variables?: string }[] = [
  {
    query: `# Ctrl-Enter runs this.
query Orders {
  orders(first: 5) {
    edges {
      node {
        id
        number
        status
      }
    }
  }
}
`,
  },
  {
    query: `# Runs until you stop it.
subscription Activity {
  activity {
    cursor
    type
  }
}
`,
  },
];
