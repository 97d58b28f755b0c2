/** What istiod holds of each cluster: its answer to `/debug/endpointShardz`. */

/** Addresses by cluster, and by Service: `helloworld.sample`. */
export type Shards = Map<string, Map<string, Set<string>>>;

const [quote, backslash, colon, brace, endBrace] = [0x22, 0x5c, 0x3a, 0x7b, 0x7d];
/** What makes a brace of a bracket in ASCII. */
const asBrace = 0x20;

/**
 * Reads the answer as it comes: of a big mesh it has hundreds of megabytes, nearly all of them labels.
 * `{<host>: {<namespace>: {"Shards": {"Kubernetes/<cluster>": [{"Addresses": [<address>, …], …}, …]}, …}}}`
 * (EndpointIndex.Shardz in pilot/pkg/model/endpointshards.go)
 */
export class ShardReader {
  private readonly found: Shards = new Map();
  private begun = false;
  private depth = 0;
  private inString = false;
  private escaped = false;
  private text = "";
  /** The last key at each depth. */
  private readonly keys: string[] = [];

  push(chunk: Buffer): void {
    let begin = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (this.inString) {
        if (this.escaped) this.escaped = false;
        else if (byte === backslash) this.escaped = true;
        else if (byte === quote) {
          this.inString = false;
          this.text += this.take(chunk, begin, at);
          if (this.depth === 7) this.hold();
        }
      } else if (byte === quote) {
        this.inString = true;
        this.text = "";
        begin = at + 1;
      } else if (byte === colon) this.keys[this.depth] = this.text;
      else if ((byte | asBrace) === brace) {
        this.begun = true;
        this.depth++;
      } else if ((byte | asBrace) === endBrace) this.depth--;
    }
    if (this.inString) this.text += this.take(chunk, begin, chunk.length);
  }

  /** undefined where what came is not a whole answer. */
  shards(): Shards | undefined {
    return this.begun && this.depth === 0 ? this.found : undefined;
  }

  /** Names and addresses are ASCII; what is further down, or a label, is of no interest. */
  private take(chunk: Buffer, begin: number, end: number): string {
    const wanted = this.depth < 7 || (this.depth === 7 && this.keys[6] === "Addresses");
    return wanted ? chunk.toString("latin1", begin, end) : "";
  }

  private hold(): void {
    const [, host = "", namespace = "", part, shard = "", , list] = this.keys;
    const [provider, cluster] = shard.split("/");
    const [service] = host.split(".");
    if (part !== "Shards" || list !== "Addresses" || provider !== "Kubernetes" || cluster === undefined)
      return;
    if (!host.startsWith(`${service}.${namespace}.svc.`)) return;
    const services = getOrAdd(this.found, cluster, () => new Map<string, Set<string>>());
    getOrAdd(services, `${service}.${namespace}`, () => new Set<string>()).add(this.text);
  }
}

function getOrAdd<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const found = map.get(key) ?? make();
  map.set(key, found);
  return found;
}
