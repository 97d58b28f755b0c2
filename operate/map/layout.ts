/** Where everything of a map stands: networks as areas, filled row by row. Pure; in pixels. */
import type { MapMember, MeshMap } from "./model";

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Layout {
  width: number;
  height: number;
  networks: (Box & { name: string; members: (Box & { member: MapMember })[] })[];
}

const card = { width: 216, height: 78 };
const inside = { gap: 12, padding: 14, header: 26 };
const widest = 1464;

export function layOut({ networks, reads = [] }: MeshMap): Layout {
  // Arrows take room between the areas and around them.
  const gap = reads.length > 0 ? 72 : 16;
  const margin = reads.length > 0 ? 96 : 12;
  const placed: Layout["networks"] = [];
  let [x, y, rowHeight, width] = [margin, margin, 0, 0];
  for (const { name, members } of networks) {
    const columns = Math.ceil(Math.sqrt(members.length));
    const rows = Math.ceil(members.length / columns);
    const box = {
      width: columns * (card.width + inside.gap) - inside.gap + 2 * inside.padding,
      height: inside.header + rows * (card.height + inside.gap) - inside.gap + inside.padding,
    };
    if (x > margin && x + box.width > widest) [x, y, rowHeight] = [margin, y + rowHeight + gap, 0];
    const area = { x, y, ...box };
    placed.push({
      name,
      ...area,
      members: members.map((member, index) => ({
        member,
        x: area.x + inside.padding + (index % columns) * (card.width + inside.gap),
        y: area.y + inside.header + Math.floor(index / columns) * (card.height + inside.gap),
        ...card,
      })),
    });
    x += box.width + gap;
    rowHeight = Math.max(rowHeight, box.height);
    width = Math.max(width, x - gap + margin);
  }
  return { width, height: y + rowHeight + margin, networks: placed };
}

export interface Point {
  x: number;
  y: number;
}

/**
 * A bow from one box to another, and its control point: the way back is bent to the other side.
 * @param strength of the bend; 1 is the usual one.
 */
export function bow(from: Box, to: Box, strength = 1): { start: Point; control: Point; end: Point } {
  const [a, b] = [centre(from), centre(to)];
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const distance = Math.hypot(dx, dy);
  const bend = strength * (40 + 0.16 * distance);
  const control = {
    x: (a.x + b.x) / 2 + (dy / distance) * bend,
    y: (a.y + b.y) / 2 - (dx / distance) * bend,
  };
  return { start: border(from, control), control, end: border(to, control) };
}

function centre({ x, y, width, height }: Box): Point {
  return { x: x + width / 2, y: y + height / 2 };
}

/** Where the line from the middle of a box to a point leaves the box. */
function border(box: Box, towards: Point): Point {
  const middle = centre(box);
  const [dx, dy] = [towards.x - middle.x, towards.y - middle.y];
  const scale = Math.min(
    1,
    box.width / 2 / Math.max(Math.abs(dx), 1e-9),
    box.height / 2 / Math.max(Math.abs(dy), 1e-9),
  );
  return { x: middle.x + dx * scale, y: middle.y + dy * scale };
}
