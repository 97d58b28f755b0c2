/** PEM as people have it: between the blocks stands what openssl prints of them (RFC 7468, section 2). */

/** The blocks whose label ends so, each without white space around its lines. */
export function pemBlocks(text: string, label: string): string[] {
  const block = new RegExp(`-----BEGIN ([A-Z0-9 ]*${label})-----[^]*?-----END \\1-----`, "g");
  return (text.match(block) ?? []).map((found) =>
    found
      .split("\n")
      .map((line) => line.trim())
      .join("\n"),
  );
}

/** Concatenates PEM texts, each on lines of its own. */
export function joinPem(texts: string[]): string {
  return texts.map((text) => `${text.trim()}\n`).join("");
}

/** Whether a private key is among the blocks. */
export function holdsKey(text: string): boolean {
  return pemBlocks(text, "PRIVATE KEY").length > 0;
}
