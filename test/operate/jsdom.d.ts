/** The part of jsdom that the tests use. Its own types bring the browser's globals along, which clash with Node's. */
declare module "jsdom" {
  export interface DomElement {
    textContent: string;
    classList: { contains(name: string): boolean };
    getAttribute(name: string): string | null;
    querySelector(selector: string): DomElement | null;
    querySelectorAll(selector: string): Iterable<DomElement>;
  }
  export class ResourceLoader {
    fetch(url: string): Promise<Buffer> | null;
  }
  export class JSDOM {
    constructor(html: string, options?: { resources?: ResourceLoader; runScripts?: "dangerously" });
    window: {
      document: Pick<DomElement, "querySelector" | "querySelectorAll">;
      DOMParser: new () => { parseFromString(text: string, type: string): DomElement };
    };
  }
}
