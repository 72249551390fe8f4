/**
 * What the tags of a cell say, and tags for what a cell should be. Pure functions; the grammar is the server's
 * (kale_lite/notebook/tags.py), so values of options are checked there.
 */
import type { Role } from './api';

/** Roles that a user can give a cell, with the tag that says so; a step has a name besides. */
export const ROLE_TAGS: { readonly [role in Exclude<Role, 'step' | 'notebook'>]: string } = {
  imports: 'imports',
  functions: 'functions',
  parameters: 'pipeline-parameters',
  metrics: 'pipeline-metrics',
  skip: 'skip'
};

const WORDS: { readonly [tag: string]: Role } = {
  imports: 'imports',
  functions: 'functions',
  skip: 'skip',
  parameters: 'parameters',
  'injected-parameters': 'parameters',
  'pipeline-parameters': 'parameters',
  'pipeline-metrics': 'metrics'
};

/** The prefixes of step options, as the server reads them. */
export const OPTION_KINDS: readonly string[] = [
  'limit', 'request', 'image', 'cache', 'report', 'copies', 'retry', 'timeout', 'secret', 'env', 'volume', 'label',
  'annotation', 'config-map', 'node-selector', 'affinity', 'toleration', 'pull-policy', 'pull-secret', 'run-as',
  'empty-dir', 'ephemeral', 'shm', 'field', 'node-affinity'
];

/** What the tags of one cell say. `role` is null for a cell without a role of its own. */
export interface ICellTags {
  role: Role | null;
  step: string;
  after: string[];
  options: string[];
}

function prefixOf(tag: string): string {
  const colon = tag.indexOf(':');
  return colon < 0 ? '' : tag.slice(0, colon);
}

function restOf(tag: string): string {
  return tag.slice(tag.indexOf(':') + 1);
}

function isRoleTag(tag: string): boolean {
  return tag in WORDS || ['step', 'block', 'notebook'].includes(prefixOf(tag));
}

function isOption(tag: string): boolean {
  return OPTION_KINDS.includes(prefixOf(tag));
}

/** Whether a tag is one of kale-lite's; all others are left alone, in place. */
export function isOwn(tag: string): boolean {
  return isRoleTag(tag) || prefixOf(tag) === 'prev' || isOption(tag);
}

export function readTags(tags: readonly string[]): ICellTags {
  const found: ICellTags = { role: null, step: '', after: [], options: [] };
  for (const tag of tags) {
    const prefix = prefixOf(tag);
    if (prefix === 'step' || prefix === 'block') {
      found.role = found.role ?? 'step';
      found.step = restOf(tag);
    } else if (prefix === 'notebook') {
      found.role = 'notebook';
      found.step = restOf(tag);
    } else if (prefix === 'prev') {
      found.after.push(restOf(tag));
    } else if (isOption(tag)) {
      found.options.push(tag);
    } else if (tag in WORDS) {
      found.role = WORDS[tag];
    }
  }
  return found;
}

/** The tags that say what `wanted` says, without foreign ones. */
function ownTags(wanted: ICellTags): string[] {
  const { role, step, after, options } = wanted;
  if (role === null) {
    return [...options];
  }
  const rest = [...after.map(name => `prev:${name}`), ...options];
  if (role === 'step') {
    return [`step:${step}`, ...rest];
  }
  if (role === 'notebook') {
    return [`notebook:${step}`, ...rest];
  }
  // A metrics cell is a step at its place, and may have a name like any other.
  return role === 'metrics' && step ? [ROLE_TAGS.metrics, `step:${step}`, ...rest] : [ROLE_TAGS[role], ...rest];
}

/**
 * New tags for a cell: our own say what `wanted` says, foreign ones stay where they are.
 *
 * A tag that already says it is kept as it is spelt (`block:x`, `parameters`), in its place.
 */
export function writeTags(tags: readonly string[], wanted: ICellTags): string[] {
  const missing = ownTags(wanted);
  const kept: string[] = [];
  for (const tag of tags) {
    if (!isOwn(tag)) {
      kept.push(tag);
      continue;
    }
    const at = missing.findIndex(one => one === tag || sameMeaning(one, tag));
    if (at >= 0) {
      kept.push(tag);
      missing.splice(at, 1);
    }
  }
  return [...kept, ...missing];
}

function sameMeaning(one: string, other: string): boolean {
  if (one in WORDS && other in WORDS) {
    return WORDS[one] === WORDS[other];
  }
  const steps = ['step', 'block'];
  return steps.includes(prefixOf(one)) && steps.includes(prefixOf(other)) && restOf(one) === restOf(other);
}

/** The tags of a cell with what kale-lite knows taken out. */
export function foreignTags(tags: readonly string[]): string[] {
  return tags.filter(tag => !isOwn(tag));
}
