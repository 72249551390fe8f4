/** Past runs of the notebook in front: opened again, compared, gone on with, deleted. */
import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { deleteIcon, refreshIcon } from '@jupyterlab/ui-components';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import { Section, SectionMemory } from '../panel/section';
import { IPartProps } from '../panel/sidebar';
import type { IRunRow } from '../api';
import type { NotebookRuns } from '../runs';
import { RunCommandIDs } from './commands';
import { hasEnded, runSeconds } from './events';
import { duration, elapsed, fullMoment, moment, value } from './format';
import { useRuns, useTicking } from './hooks';
import { IconButton, LinkButton, Notice, RunState } from './parts';
import { otherValues, whyNotRun } from './words';

/** Runs that are listed before all of them are asked for. */
const FEW = 5;

export function HistorySection({ kale, commands, memory, trans }: IPartProps & { memory: SectionMemory }): JSX.Element | null {
  const runs = useRuns(kale);
  useTicking((runs?.history ?? []).some(row => !hasEnded(row)));
  if (!runs) {
    return null;
  }
  return (
    <Section name="history" title={trans.__('History')} memory={memory}>
      <Rows key={runs.pipeline.panel.id} runs={runs} commands={commands} trans={trans} />
    </Section>
  );
}

interface IRowsProps {
  runs: NotebookRuns;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

function Rows({ runs, commands, trans }: IRowsProps): JSX.Element {
  const [all, setAll] = React.useState(false);
  const [chosen, setChosen] = React.useState<ReadonlySet<number>>(new Set());
  const { history } = runs;
  const ids = history.filter(row => chosen.has(row.id)).map(row => row.id);
  const choose = (id: number, on: boolean): void => {
    const next = new Set(chosen);
    if (on) {
      next.add(id);
    } else {
      next.delete(id);
    }
    setChosen(next);
  };
  return (
    <>
      {runs.historyFailure && runs.link !== 'lost' ? (
        <Notice
          severity="warning"
          hint={runs.historyFailure.hint}
          actions={<LinkButton onClick={() => runs.retry()}>{trans.__('Try now')}</LinkButton>}
        >
          {trans.__('The history cannot be read: %1', runs.historyFailure.message)}
        </Notice>
      ) : null}
      {runs.isKnown && !history.length ? (
        <p className="jp-KaleLite-muted">{trans.__('No runs of this notebook yet.')}</p>
      ) : null}
      <ul className="jp-KaleLite-History" aria-label={trans.__('Past runs')}>
        {(all ? history : history.slice(0, FEW)).map(row => (
          <Row key={row.id} row={row} runs={runs} trans={trans} chosen={chosen.has(row.id)} onChoose={choose} />
        ))}
      </ul>
      <div className="jp-KaleLite-HistoryFoot">
        {history.length > FEW ? (
          <LinkButton onClick={() => setAll(!all)}>
            {all ? trans.__('Show fewer') : trans.__('Show all %1', String(history.length))}
          </LinkButton>
        ) : null}
        {history.length > 1 ? (
          <button
            type="button"
            className="jp-KaleLite-button jp-mod-small jp-KaleLite-right"
            aria-disabled={ids.length < 2}
            title={ids.length < 2 ? trans.__('Choose two runs or more') : undefined}
            onClick={() => (ids.length < 2 ? undefined : void commands.execute(RunCommandIDs.compare, { ids }))}
          >
            {ids.length < 2 ? trans.__('Compare') : trans.__('Compare %1 runs', String(ids.length))}
          </button>
        ) : null}
      </div>
    </>
  );
}

interface IRowProps {
  row: IRunRow;
  runs: NotebookRuns;
  trans: TranslationBundle;
  chosen: boolean;
  onChoose: (id: number, on: boolean) => void;
}

function Row({ row, runs, trans, chosen, onChoose }: IRowProps): JSX.Element {
  const isShown = runs.current?.id === row.id;
  const canResume = row.target === 'local' && (row.status === 'failed' || row.status === 'interrupted');
  const seconds = runSeconds(row, runs.now());
  return (
    <li className={`jp-KaleLite-HistoryRow ${isShown ? 'jp-mod-current' : ''}`}>
      <input
        type="checkbox"
        checked={chosen}
        aria-label={trans.__('Compare run %1', String(row.id))}
        onChange={event => onChoose(row.id, event.target.checked)}
      />
      <button
        type="button"
        className="jp-KaleLite-HistoryRow-open"
        aria-current={isShown || undefined}
        title={trans.__('Show run %1, started %2', String(row.id), fullMoment(row.started))}
        onClick={() => void runs.open(row.id)}
      >
        <span className="jp-KaleLite-HistoryRow-line">
          <RunState status={row.status} trans={trans} />
          <span className="jp-KaleLite-HistoryRow-id">{row.id}</span>
          <span>{moment(row.started)}</span>
          {row.target === 'local' ? null : <span className="jp-KaleLite-chip">{row.target.toUpperCase()}</span>}
          <span className="jp-KaleLite-right">{hasEnded(row) ? duration(seconds) : elapsed(seconds)}</span>
        </span>
        <Values values={unusualFirst(row.parameters, runs)} label={trans.__('Parameters')} />
        <Values values={row.metrics} label={trans.__('Metrics')} />
      </button>
      <span className="jp-KaleLite-HistoryRow-actions">
        {canResume ? <Resume row={row} runs={runs} trans={trans} /> : null}
        {hasEnded(row) ? (
          <IconButton
            icon={deleteIcon}
            label={trans.__('Delete run %1', String(row.id))}
            onClick={() => void confirmDelete(row, runs, trans)}
          />
        ) : null}
      </span>
    </li>
  );
}

function Resume({ row, runs, trans }: Pick<IRowProps, 'row' | 'runs' | 'trans'>): JSX.Element {
  const why = whyNotRun(runs.pipeline, runs, trans);
  const told = why || otherValues(row, runs.pipeline, trans);
  const label = trans.__('Run %1 again from where it failed', String(row.id));
  return (
    <IconButton
      icon={refreshIcon}
      label={told ? `${label}. ${told}` : label}
      disabled={Boolean(why)}
      onClick={() => void runs.resume(row.id)}
    />
  );
}

/** Parameters, those first that are not what the notebook says now: the line has no room for all. */
function unusualFirst(parameters: IRunRow['parameters'], runs: NotebookRuns): IRunRow['parameters'] {
  const defaults = new Map((runs.pipeline.analysis?.parameters ?? []).map(one => [one.name, JSON.stringify(one.default)]));
  const isUsual = (name: string): number => (defaults.get(name) === JSON.stringify(parameters[name]) ? 1 : 0);
  const names = Object.keys(parameters).sort((a, b) => isUsual(a) - isUsual(b));
  return Object.fromEntries(names.map(name => [name, parameters[name]]));
}

/** Values in one line; the rest of them when pointed at. */
function Values(props: { values: { [name: string]: unknown }; label: string }): JSX.Element | null {
  const text = Object.entries(props.values)
    .map(([name, one]) => `${name} ${value(one)}`)
    .join(' · ');
  return text ? (
    <span className="jp-KaleLite-HistoryRow-values" title={`${props.label}: ${text}`}>
      {text}
    </span>
  ) : null;
}

async function confirmDelete(row: IRunRow, runs: NotebookRuns, trans: TranslationBundle): Promise<void> {
  const { button } = await showDialog({
    title: trans.__('Delete run %1?', String(row.id)),
    body: row.folder
      ? trans.__('This deletes its record in %1: executed notebooks, outputs, report.', row.folder)
      : trans.__('This deletes its record: executed notebooks, outputs, report.'),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Delete') })
    ],
    defaultButton: 0
  });
  if (button.accept) {
    await runs.delete(row.id);
  }
}
