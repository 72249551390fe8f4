/**
 * The server's interface (docs/panel.md): its data as types, its routes as functions. Nothing else talks to the server.
 */
import type * as nbformat from '@jupyterlab/nbformat';
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { PartialJSONValue } from '@lumino/coreutils';

/** The interface that this page speaks; a server part with another number is of another version. */
export const API_VERSION = 1;

export type Severity = 'error' | 'warning' | 'info';
export type Role = 'step' | 'imports' | 'functions' | 'parameters' | 'metrics' | 'notebook' | 'skip';
export type StepState = 'waiting' | 'running' | 'done' | 'failed' | 'skipped' | 'cancelled' | 'interrupted';
export type RunStatus = 'running' | 'done' | 'failed' | 'interrupted';

/** A change that mends a finding: of the tags of a cell, or text appended to a line of it. Cells count from 1. */
export type Edit = { cell: number; add?: string[]; remove?: string[] } | { cell: number; line: number; append: string };

export interface IFix {
  title: string;
  edits: Edit[];
}

export interface IDiagnostic {
  code: string;
  severity: Severity;
  /** The embedded notebook that the cell is of; empty for the notebook itself. */
  notebook: string;
  /** From 1 over all cells; 0: nowhere in particular. */
  cell: number;
  line: number;
  column: number;
  step: string;
  message: string;
  hint: string;
  fixes?: IFix[];
}

export interface IStep {
  name: string;
  slug: string;
  role: Role;
  cells: number[];
  inputs: string[];
  outputs: string[];
  parameters: string[];
  files: { read: string[]; written: string[] };
  effects: string[];
  metrics: { name: string; expression: string }[];
  options: { [option: string]: PartialJSONValue };
  kinds: { [name: string]: 'table' | 'model' | 'figure' };
  within: string[];
}

export interface IDependency {
  before: string;
  after: string;
  name: string;
  kind: 'data' | 'shared' | 'state' | 'file' | 'service' | 'declared';
  cell: number;
  line: number;
  rule: string;
}

export interface IParameter {
  name: string;
  type: 'int' | 'float' | 'str' | 'bool' | 'list' | 'tuple' | 'dict' | 'none' | 'any';
  default: PartialJSONValue;
  cell: number;
  line: number;
}

/** The compiled notebook; steps are in notebook order, which is an order they can run in. */
export interface IPipeline {
  name: string;
  steps: IStep[];
  edges: [string, string][];
  dependencies: IDependency[];
  parameters: IParameter[];
  /** Cells whose number is not what the user counts, because notebooks stand in this one. */
  cells: { [number: string]: { notebook: string; cell: number } };
}

export interface ICellInfo {
  cell: number;
  role: Role;
  step: string;
  /** Whether its step begins here. */
  first: boolean;
  /** Whether its own tags say so; otherwise it joins the step above. */
  tagged: boolean;
  tags: string[];
}

export interface IAnalysis {
  pipeline: IPipeline | null;
  mermaid: string;
  client: string;
  seconds: number;
  cells: ICellInfo[];
  diagnostics: IDiagnostic[];
  parameters: IParameter[];
  settings: { [name: string]: PartialJSONValue };
}

export interface ISuggestion {
  cells: { cell: number; role: Role; step: string; why: string; first_line: string; proposed: boolean }[];
  /** All tags of the cells that get new ones, by number. */
  tags: { [cell: string]: string[] };
  pipeline: IPipeline | null;
  diagnostics: IDiagnostic[];
}

export interface ICheckedTag {
  text: string;
  kind: 'step' | 'prev' | 'option' | 'bare' | 'foreign' | 'malformed';
  problem: string;
  suggestion: string;
}

export interface ITarget {
  name: string;
  label: string;
  ready: boolean;
  hint: string;
}

export interface IOptionForm {
  kind: string;
  form: string[];
  example: string;
  help: string;
}

export interface IInfo {
  name: string;
  version: string;
  api: number;
  targets: ITarget[];
  options: IOptionForm[];
  kfp_host: string;
}

export interface IRunRow {
  id: number;
  /** The notebook and the record's folder from the server's root; null outside of it. */
  path: string | null;
  folder: string | null;
  notebook: string;
  pipeline: string;
  target: string;
  status: RunStatus;
  started: number;
  seconds: number;
  parameters: { [name: string]: PartialJSONValue };
  metrics: { [name: string]: PartialJSONValue };
}

export interface IRunStep {
  status: StepState;
  slug: string;
  started?: number;
  seconds?: number;
  attempts?: number;
  reused?: string;
  /** The step whose end kept this one from running. */
  because?: string;
  diagnostics?: IDiagnostic[];
  traceback?: string;
}

export interface IRun extends IRunRow {
  steps: { [name: string]: IRunStep };
  graph: IPipeline;
  events: number;
  report: boolean;
  link: string;
  kept: boolean;
  /** What the target says of the run, where it says something. */
  message?: string;
  /** The server's clock, in seconds since the epoch, where it says so. */
  now?: number;
  /** SHA-256 of the sources of the cells that ran, by number, where the record has them. */
  cells?: { [number: string]: string };
}

/** One line of a run's `events.jsonl`; what else it holds depends on its type. */
export interface IRunEvent {
  type:
    | 'run-started'
    | 'step-started'
    | 'step-output'
    | 'step-retried'
    | 'step-finished'
    | 'run-finished'
    | string;
  time: number;
  step?: string;
  [key: string]: PartialJSONValue | undefined;
}

export interface IRunRequest {
  path: string;
  target: string;
  parameters?: { [name: string]: PartialJSONValue };
  from?: string;
  only?: string;
  reuse?: number;
  jobs?: number;
  host?: string;
  experiment?: string;
  run_name?: string;
}

/** What the server answered when it could not do what was asked. `status` 0: it could not be reached. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly hint = '',
    readonly diagnostics: IDiagnostic[] = []
  ) {
    super(message);
    this.name = 'ApiError';
  }
}

type Method = 'GET' | 'POST' | 'DELETE';

/** The server part of kale-lite, as the page sees it. Every function rejects with an ApiError. */
export class Api {
  constructor(private readonly settings = ServerConnection.makeSettings()) {}

  info(): Promise<IInfo> {
    return this.request('GET', 'info');
  }

  /** Let the server read a notebook as JupyterLab does; rejects when it cannot be opened. `path` is from the server's root. */
  async opens(path: string): Promise<void> {
    const route = `api/contents/${URLExt.encodeParts(path)}?type=notebook&content=1`;
    await this.ask('GET', URLExt.join(this.settings.baseUrl, route));
  }

  /** The analysis of a notebook, with what the target cannot honour. */
  analyse(
    path: string,
    notebook: nbformat.INotebookContent,
    client: string,
    target: string,
    signal?: AbortSignal
  ): Promise<IAnalysis> {
    return this.request('POST', 'analyse', { path, notebook, client, target }, signal);
  }

  suggest(path: string, notebook: nbformat.INotebookContent): Promise<ISuggestion> {
    return this.request('POST', 'suggest', { path, notebook });
  }

  async checkTags(tags: string[]): Promise<ICheckedTag[]> {
    return (await this.request<{ tags: ICheckedTag[] }>('POST', 'tags', { tags })).tags;
  }

  compile(
    path: string,
    notebook: nbformat.INotebookContent,
    format: 'yaml' | 'python',
    save = false
  ): Promise<{ files: { name: string; text: string }[]; saved: string[]; diagnostics: IDiagnostic[] }> {
    return this.request('POST', 'compile', { path, notebook, format, save });
  }

  async runs(path: string): Promise<IRunRow[]> {
    return (await this.request<{ runs: IRunRow[] }>('GET', `runs?path=${encodeURIComponent(path)}`)).runs;
  }

  run(id: number): Promise<IRun> {
    return this.request('GET', `runs/${id}`);
  }

  start(request: IRunRequest): Promise<IRun> {
    return this.request('POST', 'runs', { ...request });
  }

  stop(id: number): Promise<IRun> {
    return this.request('POST', `runs/${id}/stop`);
  }

  resume(id: number): Promise<IRun> {
    return this.request('POST', `runs/${id}/resume`);
  }

  delete(id: number): Promise<void> {
    return this.request('DELETE', `runs/${id}`);
  }

  stepNotebook(id: number, slug: string): Promise<nbformat.INotebookContent> {
    return this.request('GET', `runs/${id}/steps/${encodeURIComponent(slug)}`);
  }

  /** The page that says what a diagnostic means. */
  pageUrl(code: string): string {
    return URLExt.join(this.settings.baseUrl, 'kale-lite', `pages/${code}`);
  }

  reportUrl(id: number): string {
    return URLExt.join(this.settings.baseUrl, 'kale-lite', `runs/${id}/report`);
  }

  /** The channel of a run's events, from line number `from`. The caller closes it. */
  events(id: number, from = 0): WebSocket {
    let url = URLExt.join(this.settings.wsUrl, 'kale-lite', `runs/${id}/events?from=${from}`);
    if (this.settings.appendToken && this.settings.token) {
      url += `&token=${encodeURIComponent(this.settings.token)}`;
    }
    return new this.settings.WebSocket(url);
  }

  private request<T>(method: Method, route: string, body?: object, signal?: AbortSignal): Promise<T> {
    return this.ask(method, URLExt.join(this.settings.baseUrl, 'kale-lite', route), body, signal);
  }

  private async ask<T>(method: Method, url: string, body?: object, signal?: AbortSignal): Promise<T> {
    const init: RequestInit = { method, signal, body: body === undefined ? undefined : JSON.stringify(body) };
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this.settings);
    } catch (error) {
      if (signal?.aborted) {
        throw error;
      }
      throw new ApiError(0, 'The Jupyter server does not answer.', 'Is it still running?');
    }
    const text = await response.text();
    let data: any = undefined;
    try {
      data = text ? JSON.parse(text) : undefined;
    } catch {
      data = undefined; // an error page of a proxy
    }
    if (!response.ok) {
      throw new ApiError(response.status, data?.message || response.statusText, data?.hint, data?.diagnostics);
    }
    return data as T;
  }
}
