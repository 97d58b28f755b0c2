/** Several istiods side by side, and the tags that lead to them. */
import * as semver from "semver";
import type { Draft } from "../draft";
import { isMap, type HelmValues } from "../istio-values";
import { minorSkew } from "../istio-versions";
import { settingPath, type Problem } from "../problems";
import { defaultRevision, tagsOf } from "../revisions";
import type { ClusterConfig } from "../schema";
import { didYouMean } from "../schema-problems";
import { below } from "./reserved";

const istioPath = "weft:mesh.istio";

export function revisionProblems(draft: Draft): Problem[] {
  const { istio } = draft.mesh.config;
  return [
    ...calledDefault(istio.revision),
    ...(istio.revisions === undefined ? withoutRevisions(draft) : withRevisions(draft, istio.revisions)),
  ];
}

/** The charts would install one of that name beside what Istio itself calls so. */
function calledDefault(revision: string | undefined): Problem[] {
  if (revision !== defaultRevision) return [];
  return [
    {
      path: `${istioPath}.revision`,
      value: revision,
      message: "So Istio calls the istiod without a revision.",
      remedy: "Leave it out.",
    },
  ];
}

/** Where there is but one istiod, its own webhooks serve those who say nothing, and nobody else. */
function withoutRevisions({ mesh, clusters }: Draft): Problem[] {
  const named = [
    { path: istioPath, tags: mesh.config.istio.tags },
    ...clusters.map(({ path, cluster }) => ({ path: `${path}.istio`, tags: cluster.istio.tags })),
  ];
  return named
    .filter(({ tags }) => Object.keys(tags).length > 0)
    .map(({ path }) => ({
      path: `${path}.tags`,
      message: "Tags lead to one of several istiods, and there is only the one of `istio.version`.",
      remedy: "Name them in weft:mesh.istio.revisions (docs/runbooks/upgrade.md), or leave the tags out.",
    }));
}

function withRevisions({ mesh, clusters }: Draft, revisions: Record<string, string>): Problem[] {
  const { istio } = mesh.config;
  const names = Object.keys(revisions);
  return [
    ...besideRevisions(istio),
    ...leftToOthers("weft:mesh", istio.values),
    ...clusters.flatMap(({ path, cluster }) => [
      ...ownVersion(path, cluster),
      ...leftToOthers(path, cluster.istio.values),
      ...(Object.keys(tagsOf(istio, cluster.istio.tags)).length === 0 ? [] : remoteOfSeveral(path, cluster)),
    ]),
    ...farApart(revisions),
    ...tagProblems(`${istioPath}.tags`, istio.tags, names),
    ...clusters.flatMap(({ path, cluster }) => tagProblems(`${path}.istio.tags`, cluster.istio.tags, names)),
    ...untold(istio, names),
  ];
}

function besideRevisions({
  version,
  tag,
  revision,
  revisions = {},
}: Draft["mesh"]["config"]["istio"]): Problem[] {
  return [
    ...(version === undefined
      ? []
      : [
          {
            path: `${istioPath}.version`,
            value: version,
            message: "`revisions` says the version of each istiod.",
            remedy: `Leave it out. The istiod that it installed is revision \`${revision ?? defaultRevision}\` there.`,
          },
        ]),
    ...(tag === undefined
      ? []
      : [
          {
            path: `${istioPath}.tag`,
            value: tag,
            message: "It would give every revision the same image.",
            remedy: "Leave it out: each has the image of its version.",
          },
        ]),
    ...(revision === undefined || Object.hasOwn(revisions, revision)
      ? []
      : [
          {
            path: `${istioPath}.revision`,
            value: revision,
            message: "It is none of weft:mesh.istio.revisions.",
            remedy: "Leave it out: each of them has a Helm release of its own.",
          },
        ]),
  ];
}

/** A tag is a webhook. */
function leftToOthers(path: string, { global }: HelmValues): Problem[] {
  if (!isMap(global) || global["operatorManageWebhooks"] === undefined) return [];
  return [
    {
      path: `${path}.istio.values.global.operatorManageWebhooks`,
      message: "Tags are webhooks, and beside `revisions` Weft sees to them.",
      remedy: "Leave it out.",
    },
  ];
}

function ownVersion(path: string, { istio, name }: ClusterConfig): Problem[] {
  if (istio.version === undefined) return [];
  return [
    {
      path: `${path}.istio.version`,
      value: istio.version,
      message: "Every primary runs each of weft:mesh.istio.revisions, in the version that is said there.",
      remedy: `Leave it out, and say by \`istio.tags\` of ${name} which of them its workloads use.`,
    },
  ];
}

/** Its webhooks and the gateway of its primary would have to lead to one of several. */
function remoteOfSeveral(path: string, { name, role }: ClusterConfig): Problem[] {
  if (role !== "remote") return [];
  return [
    {
      path: `${path}.role`,
      value: role,
      message: `${name} is served by the istiod of its primary, and Weft leads no remote to one of several.`,
      remedy:
        "In a mesh with remotes, set weft:mesh.istio.version in place of revisions: an upgrade in place.",
    },
  ];
}

/** https://istio.io/latest/docs/releases/supported-releases/ */
function farApart(revisions: Record<string, string>): Problem[] {
  const sorted = Object.entries(revisions).sort(([, one], [, other]) => semver.compare(one, other));
  const [lowest] = sorted;
  return sorted
    .filter(([, version]) => minorSkew(version, lowest![1]) > 1)
    .map(([name, version]) => ({
      path: below(`${istioPath}.revisions`, settingPath(["", name])),
      value: version,
      message: `More than one minor version above ${lowest![1]} of revision ${lowest![0]}, which Istio does not support.`,
      remedy:
        "Upgrade one minor version at a time: move every tag to the next one, and drop the old one, first.",
    }));
}

function tagProblems(path: string, tags: Record<string, string>, revisions: string[]): Problem[] {
  return Object.entries(tags).flatMap(([tag, revision]) => {
    const at = below(path, settingPath(["", tag]));
    if (tag !== defaultRevision && revisions.includes(tag)) {
      return {
        path: at,
        value: revision,
        message: `${tag} is a revision: its istiod injects whatever is labelled \`istio.io/rev: ${tag}\` already.`,
        remedy: "Choose another name for the tag.",
      };
    }
    if (revisions.includes(revision)) return [];
    return {
      path: at,
      value: revision,
      message: "There is no such revision.",
      remedy: `Add it to weft:mesh.istio.revisions, or take one of: ${revisions.join(", ")}.`,
      ...didYouMean(revision, revisions),
    };
  });
}

/** Several, none of which is called `default`: somebody has to say which of them injects by default. */
function untold(istio: Draft["mesh"]["config"]["istio"], names: string[]): Problem[] {
  const leadsTo = tagsOf(istio)[defaultRevision];
  if (leadsTo === undefined || names.includes(leadsTo) || istio.tags[defaultRevision] !== undefined)
    return [];
  return [
    {
      path: `${istioPath}.tags.default`,
      message: "Which of these revisions injects where nothing else is said?",
      remedy: `Set it to one of: ${names.join(", ")}.`,
    },
  ];
}
