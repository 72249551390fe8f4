/** The run that is followed, or was opened from the history: how far it is, what went wrong, its steps, its metrics. */
import { closeIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Section, SectionMemory } from '../panel/section';
import { IPartProps } from '../panel/sidebar';
import type { IRun } from '../api';
import type { NotebookRuns } from '../runs';
import { CommandIDs } from '../tokens';
import { RunCommandIDs } from './commands';
import { hasEnded, IProgress, progressOf, runSeconds, stepNames } from './events';
import { duration, elapsed, fullMoment, moment } from './format';
import { useRuns, useTicking } from './hooks';
import { ValueTable } from './metrics';
import { IconButton, LinkButton, Notice, RunState } from './parts';
import { StepProblems } from './problems';
import { StepRow } from './step';
import { failureWords, otherValues, runWord, stateWord, whyNotResume } from './words';

export function RunSection(props: IPartProps & { memory: SectionMemory }): JSX.Element | null {
  const { kale, memory, trans } = props;
  const runs = useRuns(kale);
  useTicking(runs?.isRunning ?? false);
  if (!runs || (!runs.current && !runs.failure)) {
    return null;
  }
  const run = runs.current;
  return (
    <Section
      name="run"
      title={run ? trans.__('Run %1', String(run.id)) : trans.__('Run')}
      memory={memory}
      actions={run && closing(runs, trans)}
    >
      {runs.failure ? <Failure runs={runs} {...props} /> : null}
      {run ? <RunBody key={run.id} run={run} runs={runs} {...props} /> : null}
    </Section>
  );
}

function closing(runs: NotebookRuns, trans: TranslationBundle): JSX.Element | null {
  return runs.isRunning ? null : (
    <IconButton icon={closeIcon} label={trans.__('Show no run')} onClick={() => runs.close()} />
  );
}

/** What was asked for and not done. */
function Failure({ runs, commands, trans }: IPartProps & { runs: NotebookRuns }): JSX.Element | null {
  const { failure } = runs;
  if (!failure) {
    return null;
  }
  const { message, hint } = failureWords(failure, trans);
  return (
    <>
      <Notice
        severity="error"
        alert
        hint={hint}
        actions={<LinkButton onClick={() => runs.dismissFailure()}>{trans.__('Dismiss')}</LinkButton>}
      >
        {message}
      </Notice>
      <StepProblems findings={failure.error.diagnostics} runs={runs} commands={commands} trans={trans} />
    </>
  );
}

function RunBody(props: IPartProps & { run: IRun; runs: NotebookRuns }): JSX.Element {
  const { run, runs, commands, trans } = props;
  const [openStep, setOpenStep] = React.useState('');
  const names = stepNames(run);
  const failed = names.filter(name => run.steps[name].status === 'failed');
  const others = otherValues(run, runs.pipeline, trans);
  const othersId = React.useId();
  return (
    <>
      <Head run={run} runs={runs} trans={trans} />
      <Notices {...props} />
      {failed.map(name => (
        <StepProblems
          key={name}
          step={name}
          findings={run.steps[name].diagnostics ?? []}
          traceback={run.steps[name].traceback}
          runs={runs}
          commands={commands}
          trans={trans}
        />
      ))}
      {!whyNotResume(run, trans) && hasEnded(run) ? (
        <>
          <button
            type="button"
            className="jp-KaleLite-button"
            aria-describedby={others ? othersId : undefined}
            title={others || trans.__('What was done is taken over')}
            onClick={() => void commands.execute(CommandIDs.resume)}
          >
            {failed.length ? trans.__('Run again from the failed step') : trans.__('Go on with this run')}
          </button>
          {others ? (
            <p id={othersId} className="jp-KaleLite-muted">
              {others}
            </p>
          ) : null}
        </>
      ) : null}
      <ul className="jp-KaleLite-Steps" aria-label={trans.__('Steps')}>
        {names.map(name => (
          <StepRow
            key={name}
            name={name}
            run={run}
            runs={runs}
            commands={commands}
            trans={trans}
            open={openStep === name}
            onToggle={() => setOpenStep(openStep === name ? '' : name)}
          />
        ))}
      </ul>
      <ValueTable values={run.metrics} label={trans.__('Metrics')} trans={trans} />
      <Records {...props} />
    </>
  );
}

/** State, time and progress. */
function Head(props: { run: IRun; runs: NotebookRuns; trans: TranslationBundle }): JSX.Element {
  const { run, runs, trans } = props;
  const progress = progressOf(run);
  const seconds = runSeconds(run, runs.now());
  return (
    <div className="jp-KaleLite-RunHead">
      <div className="jp-KaleLite-RunHead-line">
        <RunState status={run.status} trans={trans} word />
        <span title={trans.__('Started %1', fullMoment(run.started))}>
          {hasEnded(run) ? duration(seconds) : elapsed(seconds)}
        </span>
        <span className="jp-KaleLite-muted jp-KaleLite-right">
          {hasEnded(run) ? moment(run.started) : trans.__('%1 of %2 steps', String(progress.ended), String(progress.total))}
        </span>
      </div>
      {hasEnded(run) ? null : (
        <div
          className="jp-KaleLite-Progress"
          role="progressbar"
          aria-label={trans.__('Steps that have ended')}
          aria-valuemin={0}
          aria-valuemax={progress.total}
          aria-valuenow={progress.ended}
        >
          <div style={{ width: `${(100 * progress.ended) / Math.max(progress.total, 1)}%` }} />
        </div>
      )}
      <Spoken run={run} progress={progress} trans={trans} />
    </div>
  );
}

/** What changes, said to who does not see it: the newest change only. */
function Spoken(props: { run: IRun; progress: IProgress; trans: TranslationBundle }): JSX.Element {
  const { run, progress, trans } = props;
  const before = React.useRef(run);
  const [said, say] = React.useState('');
  React.useEffect(() => {
    const past = before.current;
    before.current = run;
    if (past.status !== run.status) {
      say(trans.__('Run %1: %2', String(run.id), runWord(run.status, trans)));
      return;
    }
    const changed = Object.keys(run.steps).filter(name => run.steps[name].status !== past.steps[name]?.status);
    if (changed.length) {
      const words = changed.map(name => `${name} ${stateWord(run.steps[name].status, trans)}`).join(', ');
      say(trans.__('%1. %2 of %3 steps', words, String(progress.ended), String(progress.total)));
    }
  }, [run, progress.ended, progress.total, trans]);
  return (
    <div className="jp-KaleLite-hidden" aria-live="polite">
      {said}
    </div>
  );
}

/** What has to be known about how current this is. */
function Notices({ run, runs, trans }: IPartProps & { run: IRun; runs: NotebookRuns }): JSX.Element {
  const retry = <LinkButton onClick={() => runs.retry()}>{trans.__('Try now')}</LinkButton>;
  const { changes } = runs;
  return (
    <>
      {runs.link === 'lost' ? (
        <Notice severity="warning" alert actions={retry} hint={trans.__('The run itself goes on. This is tried again by itself.')}>
          {trans.__('The server does not answer: this is how the run stood last.')}
        </Notice>
      ) : null}
      {runs.link === 'gone' || !run.kept ? (
        <Notice severity="warning">{trans.__('The record of this run was deleted: only what the history knows is shown.')}</Notice>
      ) : null}
      {changes ? (
        <Notice severity="info">
          {trans._n(
            '%1 cell has changed since this run started.',
            '%1 cells have changed since this run started.',
            changes,
            changes
          )}
        </Notice>
      ) : null}
      {run.message ? <Notice severity={run.status === 'failed' ? 'error' : 'info'}>{run.message}</Notice> : null}
      {run.link && /^https?:/.test(run.link) ? (
        <p>
          <a className="jp-KaleLite-link" href={run.link} target="_blank" rel="noopener noreferrer">
            {trans.__('Open in Kubeflow Pipelines')}
          </a>
        </p>
      ) : null}
    </>
  );
}

/** The record: the executed notebook and the report. */
function Records({ run, commands, trans }: IPartProps & { run: IRun }): JSX.Element | null {
  if (!run.kept || !hasEnded(run) || run.target !== 'local') {
    return null;
  }
  const outside = run.folder === null ? trans.__('The record is outside the folder that JupyterLab was started in.') : '';
  return (
    <div className="jp-KaleLite-Records">
      <button
        type="button"
        className="jp-KaleLite-button"
        aria-disabled={Boolean(outside)}
        title={outside || trans.__('The notebook with the outputs of this run')}
        onClick={() =>
          outside
            ? undefined
            : void commands.execute(RunCommandIDs.openRunNotebook, { path: `${run.folder}/notebook.ipynb` })
        }
      >
        {trans.__('Executed notebook')}
      </button>
      <button
        type="button"
        className="jp-KaleLite-button"
        aria-disabled={!run.report}
        title={run.report ? trans.__('Graph, times, metrics and outputs on one page') : trans.__('This run has no report.')}
        onClick={() => (run.report ? void commands.execute(RunCommandIDs.openReport, { id: run.id }) : undefined)}
      >
        {trans.__('Report')}
      </button>
    </div>
  );
}
