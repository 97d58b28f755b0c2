/** The command line of `npm run watch`. */
import { duration, parseUsage, UsageError } from "../usage";

export const usage = `Usage: npm run watch [-- options]

  --stack NAME      stack whose members to look at (default: dev; the lab's, where it is up)
  --metrics ADDRESS where to serve /metrics and /healthz (default: 127.0.0.1:9090; :9090 is every address of this machine)
  --interval TIME   from the beginning of one look to that of the next (s, m or h; default: 60s, at least 5s)`;

export interface WatchOptions {
  stack: string;
  /** Undefined: every address of this machine. */
  host?: string;
  /** 0: any that is free. */
  port: number;
  /** Milliseconds from the beginning of one look to that of the next. */
  intervalMs: number;
}

const shortestMs = 5000;

/** @throws UsageError */
export function parseOptions(argv: string[]): WatchOptions | "help" {
  const { stack, metrics, interval, help } = parse(argv);
  if (help) return "help";
  const intervalMs = duration("--interval", interval);
  if (intervalMs < shortestMs) throw new UsageError(`--interval=${interval}: at least 5s.`);
  return { stack, ...addressOf(metrics), intervalMs };
}

function parse(argv: string[]) {
  return parseUsage({
    args: argv,
    options: {
      stack: { type: "string", default: "dev" },
      metrics: { type: "string", default: "127.0.0.1:9090" },
      interval: { type: "string", default: "60s" },
      help: { type: "boolean", default: false },
    },
  }).values;
}

function addressOf(text: string): Pick<WatchOptions, "host" | "port"> {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]*)):(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) {
    throw new UsageError(
      `--metrics=${text}: an address and a port such as 127.0.0.1:9090, [::1]:9090 or :9090.`,
    );
  }
  return { host: bracketed ?? (plain || undefined), port: Number(port) };
}
