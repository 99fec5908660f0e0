/** Shards of a cluster go by the id of a node, 40 digits long: its first eight tell them apart, as in the logs of servers. */
export function shortName(pipeline: string): string {
  return /^[0-9a-f]{40}$/.test(pipeline) ? pipeline.slice(0, 8) : pipeline;
}
