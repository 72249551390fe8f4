/** One step of a run: its state and time, and unfolded what it printed and put out. */
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import type { IRun, IRunStep } from '../api';
import { stepColour } from '../colours';
import { SeverityIcon } from '../panel/parts';
import type { NotebookRuns } from '../runs';
import { CommandIDs } from '../tokens';
import { RunCommandIDs } from './commands';
import { stepSeconds } from './events';
import { duration, elapsed } from './format';
import { LogView } from './logview';
import { StepOutputs } from './outputs';
import { State } from './parts';
import { StepProblems } from './problems';
import { shownState } from './words';

interface IStepProps {
  name: string;
  run: IRun;
  runs: NotebookRuns;
  commands: CommandRegistry;
  trans: TranslationBundle;
  open: boolean;
  onToggle: () => void;
}

export function StepRow(props: IStepProps): JSX.Element {
  const { name, run, runs, trans, open, onToggle } = props;
  const step = run.steps[name];
  const { pipeline } = runs;
  return (
    <li
      className={`jp-KaleLite-Step jp-mod-${step.status}`}
      onMouseEnter={() => (pipeline.hoveredStep = name)}
      onMouseLeave={() => (pipeline.hoveredStep = '')}
    >
      <button type="button" className="jp-KaleLite-Step-head" aria-expanded={open} onClick={onToggle}>
        <State state={shownState(step)} trans={trans} />
        <span
          className="jp-KaleLite-Step-colour"
          style={{ background: stepColour(pipeline.stepIndex(name)) }}
          aria-hidden="true"
        />
        <span className="jp-KaleLite-Step-name" title={name}>
          {name}
        </span>
        <Warnings step={step} trans={trans} />
        <span className="jp-KaleLite-Step-note">{note(step, trans)}</span>
        <span className="jp-KaleLite-Step-time">{time(step, runs.now())}</span>
      </button>
      {open ? <StepDetails {...props} /> : null}
    </li>
  );
}

/** How many warnings there are to be read where the step is unfolded. */
function Warnings({ step, trans }: { step: IRunStep; trans: TranslationBundle }): JSX.Element | null {
  const count = (step.diagnostics ?? []).filter(one => one.severity === 'warning').length;
  return count ? (
    <span className="jp-KaleLite-Step-warnings">
      <SeverityIcon severity="warning" label={trans._n('%1 warning', '%1 warnings', count, count)} />
      <span aria-hidden="true">{count}</span>
    </span>
  ) : null;
}

function time(step: IRunStep, now: number): string {
  const seconds = stepSeconds(step, now);
  if (seconds === undefined || step.reused) {
    return '';
  }
  return step.status === 'running' ? elapsed(seconds) : duration(seconds);
}

function note(step: IRunStep, trans: TranslationBundle): string {
  if (step.status === 'skipped' && step.because) {
    return trans.__('needs %1', step.because);
  }
  if (step.reused && step.status === 'done') {
    return trans.__('taken over');
  }
  if (step.status === 'cancelled' || step.status === 'interrupted') {
    return step.started === undefined ? trans.__('not run') : trans.__('stopped');
  }
  return (step.attempts ?? 1) > 1 ? trans.__('attempt %1', String(step.attempts)) : '';
}

type Tab = 'log' | 'outputs';

function StepDetails(props: IStepProps): JSX.Element {
  const { name, run, runs, commands, trans } = props;
  const step = run.steps[name];
  const [chosen, setTab] = React.useState<Tab | null>(null);
  const id = React.useId();
  const isStopped = step.status === 'cancelled' || step.status === 'interrupted';
  const never = step.status === 'waiting' || step.status === 'skipped' || (isStopped && step.started === undefined);
  if (run.target !== 'local' || never) {
    return (
      <div className="jp-KaleLite-StepDetails">
        <p className="jp-KaleLite-muted">
          {never ? trans.__('This step has not run.') : trans.__('Its outputs are in Kubeflow Pipelines.')}
        </p>
      </div>
    );
  }
  const tab = chosen ?? (step.status === 'running' ? 'log' : 'outputs');
  const path = run.folder === null ? '' : `${run.folder}/steps/${step.slug}.ipynb`;
  const openWhole = path ? () => void commands.execute(RunCommandIDs.openRunNotebook, { path }) : undefined;
  const titles: { [tab in Tab]: string } = { log: trans.__('Log'), outputs: trans.__('Outputs') };
  const button = (one: Tab): JSX.Element => (
    <button
      type="button"
      role="tab"
      id={`${id}-${one}`}
      aria-selected={tab === one}
      tabIndex={tab === one ? 0 : -1}
      onClick={() => setTab(one)}
      onKeyDown={event => {
        if (event.key === 'ArrowLeft' || event.key === 'ArrowRight') {
          const other = one === 'log' ? 'outputs' : 'log';
          setTab(other);
          document.getElementById(`${id}-${other}`)?.focus();
        }
      }}
    >
      {titles[one]}
    </button>
  );
  return (
    <div className="jp-KaleLite-StepDetails">
      {step.status === 'failed' ? null : (
        <StepProblems findings={step.diagnostics ?? []} runs={runs} commands={commands} trans={trans} />
      )}
      <div className="jp-KaleLite-Tabs" role="tablist" aria-label={trans.__('Step %1', name)}>
        {button('outputs')}
        {button('log')}
      </div>
      <div role="tabpanel" aria-labelledby={`${id}-${tab}`}>
        {tab === 'log' ? (
          <LogView runs={runs} name={name} isRunning={step.status === 'running'} trans={trans} />
        ) : (
          <StepOutputs runs={runs} run={run} name={name} trans={trans} openWhole={openWhole} />
        )}
      </div>
      <Actions {...props} openWhole={openWhole} />
    </div>
  );
}

function Actions(props: IStepProps & { openWhole?: () => void }): JSX.Element {
  const { name, commands, trans, openWhole, runs } = props;
  const args = { step: name };
  const command = (id: string, label: string): JSX.Element => {
    const enabled = commands.hasCommand(id) && commands.isEnabled(id, args);
    return (
      <button
        type="button"
        className="jp-KaleLite-button jp-mod-small"
        aria-disabled={!enabled}
        title={commands.hasCommand(id) ? commands.caption(id, args) : undefined}
        onClick={() => (enabled ? void commands.execute(id, args) : undefined)}
      >
        {label}
      </button>
    );
  };
  return (
    <div className="jp-KaleLite-StepActions">
      {runs.isRunning ? null : command(CommandIDs.runFrom, trans.__('Run from here'))}
      {runs.isRunning ? null : command(CommandIDs.runOnly, trans.__('Run only this'))}
      <button
        type="button"
        className="jp-KaleLite-button jp-mod-small"
        aria-disabled={!openWhole}
        title={openWhole ? trans.__('The executed notebook of this step') : trans.__('The record is outside the folder that JupyterLab was started in.')}
        onClick={openWhole}
      >
        {trans.__('Step notebook')}
      </button>
    </div>
  );
}
