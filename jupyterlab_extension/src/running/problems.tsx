/** Findings of a run: what went wrong, where, and what to do. */
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import type { IDiagnostic } from '../api';
import type { NotebookRuns } from '../runs';
import { problemsOf } from './events';
import { CodeLink, LinkButton, LongText, Notice } from './parts';
import { failureText, placeWord } from './words';

export function StepProblems(props: {
  step?: string;
  findings: readonly IDiagnostic[];
  traceback?: string;
  runs: NotebookRuns;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): JSX.Element | null {
  const { step, findings, traceback, runs, trans } = props;
  const sorted = problemsOf({ status: 'failed', slug: '', diagnostics: [...findings] });
  if (!sorted.length) {
    return null;
  }
  return (
    <div className="jp-KaleLite-Problems">
      {sorted.map((finding, at) => (
        <Notice
          key={at}
          severity={finding.severity}
          hint={finding.hint}
          actions={<Place finding={finding} runs={runs} trans={trans} />}
        >
          <CodeLink code={finding.code} api={runs.pipeline.api} trans={trans} className="jp-KaleLite-code jp-KaleLite-link" />{' '}
          {step ? <strong>{step}: </strong> : null}
          <LongText text={step ? failureText(finding) : finding.message} trans={trans} />
          {at === 0 && traceback ? (
            <details className="jp-KaleLite-Traceback">
              <summary>{trans.__('Traceback')}</summary>
              <pre tabIndex={0}>{traceback}</pre>
            </details>
          ) : null}
        </Notice>
      ))}
    </div>
  );
}

/** Where it is: one click away, when it is in this notebook. */
function Place(props: { finding: IDiagnostic; runs: NotebookRuns; trans: TranslationBundle }): JSX.Element | null {
  const { finding, runs, trans } = props;
  const word = placeWord(finding, trans);
  if (!word) {
    return null;
  }
  const index = runs.placeOf(finding);
  if (index < 0) {
    return <span className="jp-KaleLite-muted">{finding.notebook ? word : trans.__('%1 (deleted since)', word)}</span>;
  }
  return (
    <LinkButton onClick={() => void runs.pipeline.reveal({ index, line: finding.line })}>
      {trans.__('Show %1', word)}
    </LinkButton>
  );
}
