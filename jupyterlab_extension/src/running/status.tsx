/** How the run stands, in one line below the buttons: it is in view whatever the panel is scrolled to. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import type { IRun } from '../api';
import type { NotebookRuns } from '../runs';
import { firstError, hasEnded, progressOf, runSeconds } from './events';
import { duration, elapsed } from './format';
import { useTicking } from './hooks';
import { LinkButton, RunState } from './parts';
import { failureText, failureWords, placeWord } from './words';

/** The section about the run. */
const RUN_SECTION = '.jp-KaleLite-Section.jp-mod-run';

export function StatusLine(props: { runs: NotebookRuns; trans: TranslationBundle }): JSX.Element | null {
  const { runs, trans } = props;
  useTicking(runs.isRunning);
  if (runs.failure) {
    const { message } = failureWords(runs.failure, trans);
    return (
      <div className="jp-KaleLite-StatusLine">
        <RunState status="failed" trans={trans} />
        <span className="jp-KaleLite-StatusLine-text" title={message}>
          {message}
        </span>
        <LinkButton onClick={toSection}>{trans.__('Details')}</LinkButton>
      </div>
    );
  }
  const run = runs.current;
  if (!run) {
    return null;
  }
  return (
    <div className="jp-KaleLite-StatusLine">
      <RunState status={run.status} trans={trans} word />
      {hasEnded(run) ? <Ended run={run} runs={runs} trans={trans} /> : <Going run={run} runs={runs} trans={trans} />}
    </div>
  );
}

/** Go to the section about the run, unfolded. */
function toSection(): void {
  const section = document.querySelector(RUN_SECTION);
  const toggle = section?.querySelector<HTMLElement>('button');
  if (toggle?.getAttribute('aria-expanded') === 'false') {
    toggle.click();
  }
  section?.scrollIntoView({ block: 'start' });
  toggle?.focus({ preventScroll: true });
}

interface ILineProps {
  run: IRun;
  runs: NotebookRuns;
  trans: TranslationBundle;
}

function Going({ run, runs, trans }: ILineProps): JSX.Element {
  const progress = progressOf(run);
  const names = Object.keys(run.steps).filter(name => run.steps[name].status === 'running');
  return (
    <>
      <span>{elapsed(runSeconds(run, runs.now()))}</span>
      <span className="jp-KaleLite-StatusLine-text" title={names.join(', ')}>
        {runs.link === 'lost' ? trans.__('server away') : names.join(', ')}
      </span>
      <LinkButton onClick={toSection}>
        {trans.__('%1 of %2', String(progress.ended), String(progress.total))}
      </LinkButton>
    </>
  );
}

function Ended({ run, runs, trans }: ILineProps): JSX.Element {
  const error = firstError(run);
  if (!error) {
    return (
      <>
        <span>{duration(run.seconds)}</span>
        <span className="jp-KaleLite-StatusLine-text" />
        <LinkButton onClick={toSection}>{trans.__('Details')}</LinkButton>
      </>
    );
  }
  const { step, finding } = error;
  const index = runs.placeOf(finding);
  const text = `${step}: ${failureText(finding)}`;
  return (
    <>
      <span className="jp-KaleLite-StatusLine-text" title={text}>
        {text}
      </span>
      {index < 0 ? (
        <LinkButton onClick={toSection}>{trans.__('Details')}</LinkButton>
      ) : (
        <LinkButton
          title={trans.__('Show %1', placeWord(finding, trans))}
          onClick={() => void runs.pipeline.reveal({ index, line: finding.line })}
        >
          {trans.__('Cell %1', String(finding.cell))}
        </LinkButton>
      )}
    </>
  );
}
