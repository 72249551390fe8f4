/** What the plugins give one another. */
import { Token } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';
import { Api, IInfo, ApiError } from './api';
import { PipelineTracker } from './model';
import { RunsTracker } from './runs';
import { KaleSettings } from './settings';

/** The server part, the open notebooks as pipelines, and their runs. */
export interface IKaleLite {
  readonly api: Api;
  readonly pipelines: PipelineTracker;
  readonly runs: RunsTracker;
  /** What the server part says of itself; rejects with an ApiError when it is missing or of another version. */
  readonly info: Promise<IInfo>;
  /** What the server part has said of itself, as far as it is known. */
  readonly known: IInfo | null;
  /** Why the server part cannot be used; null when it can. */
  readonly problem: ApiError | null;
  /** `known` or `problem` has changed. */
  readonly infoChanged: ISignal<IKaleLite, void>;
  readonly settings: KaleSettings;
  /** Ask the server part anew. */
  retry(): Promise<void>;
}

export { ApiError };

export const IKaleLite = new Token<IKaleLite>('kale-lite:IKaleLite', 'Open notebooks as pipelines, and their runs.');

/** Commands of kale-lite; their labels are in commands.ts, where they appear in schema/plugin.json. */
export namespace CommandIDs {
  export const openPanel = 'kale-lite:open-panel';
  export const editCell = 'kale-lite:edit-cell';
  export const run = 'kale-lite:compile-and-run';
  export const compile = 'kale-lite:compile';
  export const stop = 'kale-lite:stop';
  export const resume = 'kale-lite:resume';
  export const runFrom = 'kale-lite:run-from-step';
  export const runOnly = 'kale-lite:run-only-step';
  export const suggest = 'kale-lite:suggest-steps';
  export const splitStep = 'kale-lite:split-step';
  export const joinStep = 'kale-lite:join-step';
  export const goToStep = 'kale-lite:go-to-step';
  export const exportGraph = 'kale-lite:export-graph';
  export const toggleBadges = 'kale-lite:toggle-badges';
  export const nextFinding = 'kale-lite:next-finding';
}
