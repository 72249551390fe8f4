/** States and refusals in words. */
import { TranslationBundle } from '@jupyterlab/translation';
import type { IDiagnostic, IParameter, IRun, IRunRow, IRunStep, RunStatus, StepState } from '../api';
import { writeLiteral } from '../literal';
import type { NotebookPipeline } from '../model';
import { problemWord } from '../panel/words';
import type { IFailure, NotebookRuns } from '../runs';

export function stateWord(state: StepState | 'reused', trans: TranslationBundle): string {
  const words: { [state in StepState | 'reused']: string } = {
    waiting: trans.__('waiting'),
    running: trans.__('running'),
    done: trans.__('done'),
    reused: trans.__('taken over'),
    failed: trans.__('failed'),
    skipped: trans.__('skipped'),
    cancelled: trans.__('cancelled'),
    interrupted: trans.__('interrupted')
  };
  return words[state] ?? state;
}

export function runWord(status: RunStatus, trans: TranslationBundle): string {
  const words: { [status in RunStatus]: string } = {
    running: trans.__('Running'),
    done: trans.__('Done'),
    failed: trans.__('Failed'),
    interrupted: trans.__('Interrupted')
  };
  return words[status] ?? status;
}

/** The state that is shown: a step that was taken over from an earlier run is told apart from one that ran. */
export function shownState(step: IRunStep): StepState | 'reused' {
  return step.status === 'done' && step.reused ? 'reused' : step.status;
}

/** Where a finding is, as a user says it. */
export function placeWord(finding: IDiagnostic, trans: TranslationBundle): string {
  if (!finding.cell) {
    return '';
  }
  const cell = finding.line
    ? trans.__('cell %1, line %2', String(finding.cell), String(finding.line))
    : trans.__('cell %1', String(finding.cell));
  return finding.notebook ? trans.__('%1 of %2', cell, finding.notebook) : cell;
}

/** What was not done, and why, and what to do. */
export function failureWords(failure: IFailure, trans: TranslationBundle): { message: string; hint: string } {
  const { what, error } = failure;
  if (what === 'save') {
    if (error.message === 'read-only') {
      return {
        message: trans.__('Not started: the notebook has changes, and its file is read-only.'),
        hint: trans.__('What runs is the file. Save the notebook under another name, or take the changes back.')
      };
    }
    return {
      message: error.message
        ? trans.__('Not started: the notebook could not be saved: %1', error.message)
        : trans.__('Not started: the notebook was changed while it was being saved.'),
      hint: trans.__('What runs is the file, so it has to be saved first.')
    };
  }
  const said = {
    start: trans.__('Not started: %1', error.message),
    resume: trans.__('Not resumed: %1', error.message),
    stop: trans.__('Not stopped: %1', error.message),
    open: trans.__('This run cannot be shown: %1', error.message),
    delete: trans.__('Not deleted: %1', error.message)
  };
  return { message: said[what], hint: error.hint };
}

/** Why no run with the typed parameters can be started now; empty when one can. */
export function whyNotStart(
  pipeline: NotebookPipeline | null,
  runs: NotebookRuns | null,
  trans: TranslationBundle
): string {
  return whyNotRun(pipeline, runs, trans) || wrongParameter(pipeline, trans);
}

/** The first parameter whose value is wrong, and what it should be; empty when all are right. */
function wrongParameter(pipeline: NotebookPipeline | null, trans: TranslationBundle): string {
  const [first] = Object.entries(pipeline?.parameterProblems ?? {});
  if (!first) {
    return '';
  }
  const word = problemWord(first[1], trans);
  return trans.__('%1: %2', first[0], word.charAt(0).toLowerCase() + word.slice(1));
}

/** Why nothing can run now, whatever the typed parameters are: a run that is gone on with has its own. */
export function whyNotRun(
  pipeline: NotebookPipeline | null,
  runs: NotebookRuns | null,
  trans: TranslationBundle
): string {
  if (!pipeline || !runs) {
    return trans.__('Open a notebook to run it.');
  }
  if (!pipeline.isReady) {
    return pipeline.failure ? trans.__('This notebook could not be opened.') : trans.__('The notebook is being opened.');
  }
  if (pipeline.isRecord) {
    return trans.__('This is the record of a run; it is not to be run.');
  }
  if (runs.isStarting) {
    return trans.__('The run is being started.');
  }
  if (runs.isRunning) {
    return trans.__('A run of this notebook is going on.');
  }
  if (pipeline.failure && !pipeline.analysis) {
    return trans.__('The notebook could not be analysed.');
  }
  const errors = pipeline.isStale ? 0 : (pipeline.analysis?.diagnostics ?? []).filter(isError).length;
  return errors ? trans._n('%1 error has to be mended first.', '%1 errors have to be mended first.', errors, errors) : '';
}

function isError(finding: IDiagnostic): boolean {
  return finding.severity === 'error';
}

/** Why the run that is shown cannot be gone on with; empty when it can. */
export function whyNotResume(run: IRun | null, trans: TranslationBundle): string {
  if (!run) {
    return trans.__('There is no run to go on with.');
  }
  if (run.status === 'done') {
    return trans.__('The run is done: nothing is left to do.');
  }
  if (run.target !== 'local') {
    return trans.__('Only local runs can be gone on with.');
  }
  return run.kept ? '' : trans.__('The record of the run was deleted.');
}

/** What a run that is gone on with takes in place of the values in the panel; empty when they are the same. */
export function otherValues(run: IRunRow, pipeline: NotebookPipeline, trans: TranslationBundle): string {
  const { parameterValues, parameterProblems } = pipeline;
  const isOther = ({ name, default: own }: IParameter): boolean =>
    name in parameterProblems || !isSame(run.parameters[name], name in parameterValues ? parameterValues[name] : own);
  const others = (pipeline.analysis?.parameters ?? []).filter(one => one.name in run.parameters && isOther(one));
  const values = others.map(({ name }) => `${name} = ${writeLiteral(run.parameters[name])}`).join(', ');
  return values && trans.__('Goes on with %1, as that run; Compile and run takes the new values.', values);
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** What a finding says, without the step that is named beside it anyhow. */
export function failureText(finding: IDiagnostic): string {
  const text = finding.message.replace(/^step '[^']*' failed: |^step '[^']*':? /, '');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
