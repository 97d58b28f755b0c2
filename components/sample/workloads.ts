/** The sample workloads of one member. Pure. */
import type { SampleConfig } from "../../mesh/schema";

export interface Workload {
  /** Name of the Deployment. */
  name: string;
  /** Labels of its pods; `app` is also the name of the container and, with a port, of the Service. */
  labels: { app: string; version?: string };
  image: string;
  /** Port of container and Service; undefined where there is no Service. */
  port?: number;
  /** Default: the image's own. */
  command?: string[];
}

/**
 * helloworld, which answers with its version and its pod, nginx, and curl, from which requests are sent.
 * @param position of the member among all, sorted by name: helloworld is v1 in the first, v2 in the second, and so on in turn.
 */
export function workloads(position: number, images: SampleConfig["images"]): Workload[] {
  const isFirst = position % 2 === 0;
  const version = isFirst ? "v1" : "v2";
  return [
    {
      name: `helloworld-${version}`,
      labels: { app: "helloworld", version },
      image: isFirst ? images.helloworldV1 : images.helloworldV2,
      port: 5000,
    },
    { name: "nginx", labels: { app: "nginx" }, image: images.nginx, port: 80 },
    { name: "curl", labels: { app: "curl" }, image: images.curl, command: ["/bin/sleep", "infinity"] },
  ];
}
