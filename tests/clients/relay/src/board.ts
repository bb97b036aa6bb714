// A board as a Relay application declares it: what the API must have for Relay to work with it.
import { graphql } from "relay-runtime";

export const card = graphql`
  fragment board_card on Node @refetchable(queryName: "boardCardQuery") {
    id
    ... on Order {
      number
      status
      customer { name }
      services { name status }
    }
  }
`;

export const list = graphql`
  fragment board_list on Query
  @argumentDefinitions(
    count: { type: "Int", defaultValue: 20 }
    cursor: { type: "Cursor" }
    filter: { type: "OrderFilter" }
  )
  @refetchable(queryName: "boardListQuery") {
    orders(first: $count, after: $cursor, filter: $filter) @connection(key: "board_orders") {
      edges {
        node {
          id
          ...board_card
          ...board_feed
        }
      }
    }
  }
`;

export const feed = graphql`
  fragment board_feed on Order
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "Cursor" })
  @refetchable(queryName: "boardFeedQuery") {
    feed(last: $count, before: $cursor) @connection(key: "board_feed") {
      edges {
        node {
          __typename
          ... on Message { text author { name } }
          ... on Activity { summary at }
        }
      }
    }
  }
`;

export const page = graphql`
  query boardQuery($filter: OrderFilter) {
    viewer { person { name } }
    ...board_list @arguments(filter: $filter)
  }
`;

export const book = graphql`
  mutation boardBookMutation($input: CreateOrderInput!, $connections: [ID!]!) {
    createOrder(input: $input) {
      cursor
      order @prependNode(connections: $connections, edgeTypeName: "OrderEdge") {
        ...board_card
      }
    }
  }
`;

export const follow = graphql`
  subscription boardSubscription($after: Cursor) {
    ordersChanged(after: $after) {
      type
      cursor
      fits
      order { ...board_card }
    }
  }
`;
