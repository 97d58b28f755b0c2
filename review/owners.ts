/** To whom a resource belongs: the component above it that stands for a member, an intermediate or a root. Pure. */
import { intermediateComponent, membersOf, rootComponent } from "./previewed-mesh";
import { types } from "./objects";
import type { Resource } from "./preview";

export interface Owners {
  /** Name of the member whose part it is. */
  member: (resource: Resource) => string | undefined;
  /** Name of the member whose intermediate it is part of. */
  intermediate: (resource: Resource) => string | undefined;
  /** Name of the root that it is part of. */
  root: (resource: Resource) => string | undefined;
}

export function ownersOf(resources: Resource[]): Owners {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const members = new Map(
    (["before", "after"] as const).flatMap((side) =>
      [...membersOf(resources, side)].map(([name, { component }]) => [component, name] as const),
    ),
  );
  const above = (resource: Resource): Resource[] => {
    const parent = resource.parent === undefined ? undefined : byUrn.get(resource.parent);
    return parent === undefined ? [resource] : [resource, ...above(parent)];
  };
  const named = (resource: Resource, wanted: string[], nameOf: (component: string) => string | undefined) => {
    const component = above(resource).find(({ type }) => wanted.includes(type));
    return component && nameOf(component.name);
  };
  const part = (pattern: string) => {
    const [start, end] = pattern.split("*") as [string, string];
    return (name: string) => name.slice(start.length, name.length - end.length);
  };
  return {
    member: (resource) => above(resource).flatMap(({ urn }) => members.get(urn) ?? [])[0],
    intermediate: (resource) =>
      named(resource, [types.intermediate, types.certManagerIntermediate], part(intermediateComponent("*"))),
    root: (resource) => named(resource, [types.root, types.certManagerRoot], part(rootComponent("*"))),
  };
}
