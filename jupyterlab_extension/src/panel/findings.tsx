/** What analysis found: the worst first, each with its place, a hint and what mends it. */
import * as React from 'react';
import type { IDiagnostic, Severity } from '../api';
import { CodeLink } from '../running/parts';
import { placeWord } from '../running/words';
import { Fixes, IViewProps, SeverityIcon } from './parts';

const ORDER: Severity[] = ['error', 'warning', 'info'];

/** Findings, the worst first, those of one severity in the order of the notebook. */
export function sorted(findings: readonly IDiagnostic[]): IDiagnostic[] {
  return [...findings].sort(
    (a, b) => ORDER.indexOf(a.severity) - ORDER.indexOf(b.severity) || a.cell - b.cell || a.line - b.line
  );
}

export function FindingsList({ pipeline, trans }: IViewProps): JSX.Element {
  const findings = sorted(pipeline.analysis?.diagnostics ?? []);
  if (!findings.length) {
    return <p className="jp-KaleLite-quiet">{trans.__('Nothing was found.')}</p>;
  }
  return (
    <ul className="jp-KaleLite-findings">
      {findings.map((finding, at) => (
        <Finding key={`${finding.code} ${finding.cell} ${finding.line} ${at}`} finding={finding} pipeline={pipeline} trans={trans} />
      ))}
    </ul>
  );
}

type IFindingProps = Pick<IViewProps, 'pipeline' | 'trans'> & { finding: IDiagnostic; withPlace?: boolean };

/** The cell (from 1) of this notebook that a finding is shown at: for an embedded notebook none is known. */
function ownPlace(finding: IDiagnostic): number {
  return finding.notebook ? 0 : finding.cell;
}

export function Finding({ finding, pipeline, trans, withPlace = true }: IFindingProps): JSX.Element {
  const { code, severity, message, hint, line } = finding;
  const severities = { error: trans.__('Error'), warning: trans.__('Warning'), info: trans.__('Information') };
  const place = placeWord(finding, trans);
  const cell = ownPlace(finding);
  const reveal = (): void => void pipeline.reveal({ index: cell - 1, line });
  return (
    <li className="jp-KaleLite-finding" data-code={code}>
      <SeverityIcon severity={severity} label={severities[severity]} />
      <div>
        <p className="jp-KaleLite-message">
          {withPlace && cell > 0 && (
            <button type="button" className="jp-KaleLite-link jp-KaleLite-place" onClick={reveal}>
              {place}
            </button>
          )}
          {withPlace && cell === 0 && place && <span className="jp-KaleLite-place">{place}</span>}
          {message}
        </p>
        {hint && <p className="jp-KaleLite-hint">{hint}</p>}
        <div className="jp-KaleLite-findingFoot">
          <Fixes fixes={finding.fixes} onFix={fix => pipeline.edits.fix(fix)} />
          <CodeLink code={code} api={pipeline.api} trans={trans} />
        </div>
      </div>
    </li>
  );
}

/** How many errors and warnings there are, beside a title. */
export function FindingCounts({ pipeline, trans }: Pick<IViewProps, 'pipeline' | 'trans'>): JSX.Element {
  const findings = pipeline.analysis?.diagnostics ?? [];
  const count = (severity: Severity): number => findings.filter(one => one.severity === severity).length;
  const [errors, warnings, infos] = ORDER.map(count);
  return (
    <span className="jp-KaleLite-counts">
      {errors > 0 && (
        <span>
          <SeverityIcon severity="error" label={trans._n('%1 error', '%1 errors', errors, errors)} />
          <span aria-hidden="true">{errors}</span>
        </span>
      )}
      {warnings > 0 && (
        <span>
          <SeverityIcon severity="warning" label={trans._n('%1 warning', '%1 warnings', warnings, warnings)} />
          <span aria-hidden="true">{warnings}</span>
        </span>
      )}
      {infos > 0 && (
        <span>
          <SeverityIcon severity="info" label={trans._n('%1 explanation', '%1 explanations', infos, infos)} />
          <span aria-hidden="true">{infos}</span>
        </span>
      )}
    </span>
  );
}
