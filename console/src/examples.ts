/** The tabs of a first visit. GraphiQL keeps a visitor's own tabs after that. */
export const examples: { query: string; variables?: string }[] = [
  {
    query: `# Ctrl-Enter runs this.
query Orders {
  orders(
    filter: { status: { in: [PENDING, IN_PROGRESS] } }
    sort: [{ by: DUE_AT }]
    first: 5
  ) {
    totalCount
    edges {
      node {
        id
        number
        name
        status
        dueAt
        projectManager {
          name
        }
        progress {
          done
          total
        }
        services {
          name
          status
          assignee {
            name
          }
          progress {
            done
            total
          }
        }
        lastMessage {
          text
          author {
            name
          }
          createdAt
        }
      }
    }
  }
}
`,
  },
  {
    query: `# Runs until you stop it, and tells what happens meanwhile, in another tab for example.
subscription Activity {
  activity {
    type
    cursor
    activity {
      at
      actor {
        name
      }
      summary
      order {
        id
        number
        name
      }
    }
  }
}
`,
  },
];
