/** Two runs or more, side by side, in the main area. */
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactWidget } from '@jupyterlab/ui-components';
import * as React from 'react';
import type { IRun, StepState } from '../api';
import { compareRuns, Group, IEntry, IRow } from './compare';
import { fullMoment } from './format';
import { State } from './parts';

export class Comparison extends ReactWidget {
  constructor(
    private readonly runs: readonly IRun[],
    private readonly trans: TranslationBundle
  ) {
    super();
    this.addClass('jp-KaleLite-Comparison');
    this.node.tabIndex = 0;
  }

  protected render(): JSX.Element {
    return <ComparisonTable runs={this.runs} trans={this.trans} />;
  }
}

export function ComparisonTable(props: { runs: readonly IRun[]; trans: TranslationBundle }): JSX.Element {
  const { runs, trans } = props;
  const [onlyDifferent, setOnly] = React.useState(false);
  const found = React.useMemo(() => compareRuns(runs), [runs]);
  const titles: { [group in Group]: string } = {
    run: trans.__('Run'),
    parameters: trans.__('Parameters'),
    metrics: trans.__('Metrics'),
    steps: trans.__('Steps')
  };
  const groups: readonly Group[] = ['run', 'parameters', 'metrics', 'steps'];
  const differences = groups.reduce((sum, group) => sum + found[group].filter(one => one.differs).length, 0);
  const shown = groups.map(group => ({ group, rows: found[group].filter(one => one.differs || !onlyDifferent) }));
  return (
    <div>
      <div className="jp-KaleLite-Comparison-head">
        <h2>{trans.__('Runs of %1', runs[0]?.pipeline ?? '')}</h2>
        <label>
          <input type="checkbox" checked={onlyDifferent} onChange={event => setOnly(event.target.checked)} />
          {trans.__('Only differences')}
        </label>
        <span className="jp-KaleLite-muted">
          {differences
            ? trans._n('%1 row differs, marked ≠', '%1 rows differ, marked ≠', differences, differences)
            : trans.__('No differences')}
        </span>
      </div>
      <table className="jp-KaleLite-Comparison-table">
        <thead>
          <tr>
            <td />
            {runs.map(run => (
              <th key={run.id} scope="col">
                {trans.__('Run %1', String(run.id))}
                {run.kept ? '' : ` (${trans.__('record deleted')})`}
              </th>
            ))}
          </tr>
        </thead>
        {shown.map(({ group, rows }) => (
          <GroupBody
            key={group}
            title={titles[group]}
            rows={rows}
            columns={runs.length}
            isRun={group === 'run'}
            trans={trans}
          />
        ))}
      </table>
    </div>
  );
}

function GroupBody(props: {
  title: string;
  rows: IRow[];
  columns: number;
  isRun: boolean;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { title, rows, columns, isRun, trans } = props;
  if (!rows.length) {
    return null;
  }
  return (
    <tbody>
      <tr className="jp-KaleLite-Comparison-group">
        <th scope="rowgroup" colSpan={columns + 1}>
          {title}
        </th>
      </tr>
      {rows.map(row => (
        <tr key={row.name} className={row.differs ? 'jp-mod-differs' : ''}>
          <th scope="row">
            <span className="jp-KaleLite-Comparison-mark" aria-hidden="true">
              {row.differs ? '≠' : ''}
            </span>
            {rowName(row.name, isRun, trans)}
            {row.differs ? <span className="jp-KaleLite-hidden">{trans.__('(differs)')}</span> : null}
          </th>
          {row.entries.map((entry, at) => (
            <td key={at}>{entryText(row.name, entry, isRun, trans)}</td>
          ))}
        </tr>
      ))}
    </tbody>
  );
}

function rowName(name: string, isRun: boolean, trans: TranslationBundle): string {
  const words: { [name: string]: string } = {
    status: trans.__('State'),
    started: trans.__('Started'),
    seconds: trans.__('Time')
  };
  return isRun ? (words[name] ?? name) : name;
}

function entryText(name: string, entry: IEntry, isRun: boolean, trans: TranslationBundle): React.ReactNode {
  if (entry.state) {
    const time = entry.text === entry.state ? '' : entry.text;
    return (
      <>
        <State state={entry.state as StepState} trans={trans} word />
        {time ? <span className="jp-KaleLite-Comparison-time">{time}</span> : null}
      </>
    );
  }
  if (isRun) {
    return name === 'started' ? fullMoment(Number(entry.text)) : entry.text;
  }
  return (
    <>
      <span className="jp-KaleLite-value">{entry.text}</span>
      {entry.change ? <span className="jp-KaleLite-muted"> ({entry.change})</span> : null}
    </>
  );
}
