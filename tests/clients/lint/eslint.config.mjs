/** All rules of graphql-eslint for schemas, but for those that say why not. */
import graphql from "@graphql-eslint/eslint-plugin";

const off = Object.fromEntries(
  [
    "alphabetize", // fields stand in the order in which one reads them
    "no-root-type", // it is a setting, to forbid mutations or subscriptions
    "require-deprecation-date", // ours is in the reason: tests/test_usage.py
    "require-field-of-type-query-in-mutation-result", // payloads have what was changed
    "require-nullable-result-in-root", // a list can be empty, and fails only if all does
    "strict-id-in-types", // who has an id is a Node: tests/test_schema.py
  ].map((rule) => [`@graphql-eslint/${rule}`, "off"]),
);

export default [
  {
    files: ["**/*.graphql"],
    languageOptions: {
      parser: graphql.parser,
      parserOptions: { graphQLConfig: { schema: "./schema.graphql" } },
    },
    plugins: { "@graphql-eslint": graphql },
    rules: { ...graphql.configs["flat/schema-all"].rules, ...off },
  },
];
