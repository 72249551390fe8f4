import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { value } from './format';

/** Metrics (or parameters) of a run as a table; null when there are none. */
export function ValueTable(props: {
  values: { readonly [name: string]: unknown };
  label: string;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { values, label, trans } = props;
  const names = Object.keys(values);
  if (!names.length) {
    return null;
  }
  return (
    <table className="jp-KaleLite-Values">
      <caption>{label}</caption>
      <thead className="jp-KaleLite-hidden">
        <tr>
          <th scope="col">{trans.__('Name')}</th>
          <th scope="col">{trans.__('Value')}</th>
        </tr>
      </thead>
      <tbody>
        {names.map(name => (
          <tr key={name}>
            <th scope="row" title={name}>
              {name}
            </th>
            <td title={String(JSON.stringify(values[name]))}>{value(values[name])}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
