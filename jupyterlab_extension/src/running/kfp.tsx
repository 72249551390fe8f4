/** Runs on Kubeflow Pipelines: what is submitted where. */
import * as React from 'react';
import { Section, SectionMemory } from '../panel/section';
import { IPartProps } from '../panel/sidebar';
import type { IInfo } from '../api';
import type { ISubmission } from '../model';
import type { NotebookRuns } from '../runs';
import { CommandIDs } from '../tokens';
import { useRuns, useSignal } from './hooks';
import { Notice } from './parts';
import { withoutSecrets } from './remember';
import { submissionOf, submit, whyNotSubmit } from './submitting';

export function KfpSection(props: IPartProps & { memory: SectionMemory }): JSX.Element | null {
  const { kale, memory, trans } = props;
  const runs = useRuns(kale);
  useSignal(kale.infoChanged);
  if (!runs) {
    return null;
  }
  return (
    <Section name="kubeflow" title={trans.__('Kubeflow Pipelines')} memory={memory} folded>
      <KfpForm key={runs.pipeline.panel.id} runs={runs} info={kale.known} {...props} />
    </Section>
  );
}

export function KfpForm(props: IPartProps & { runs: NotebookRuns; info: IInfo | null }): JSX.Element {
  const { runs, info, commands, trans } = props;
  const [, redraw] = React.useReducer((count: number) => count + 1, 0);
  const target = info?.targets.find(one => one.name === 'kfp');
  const { host, experiment, run_name } = submissionOf(runs.pipeline, info);
  const set = (name: keyof ISubmission) => (value: string) => {
    runs.pipeline.setSubmission(name, value);
    redraw(); // at once, or the cursor jumps
  };
  const why = whyNotSubmit(runs, info, trans);
  return (
    <form
      className="jp-KaleLite-Kfp"
      noValidate
      onSubmit={event => {
        event.preventDefault();
        if (!why) {
          void submit(runs, info);
        }
      }}
    >
      {target && !target.ready ? (
        <Notice severity="info" hint={target.hint}>
          {trans.__('Pipelines cannot be compiled or submitted from here yet.')}
        </Notice>
      ) : null}
      <Field label={trans.__('Server')} value={host} onChange={set('host')} placeholder="https://…" type="url" />
      {withoutSecrets(host) !== host && /@/.test(host) ? (
        <Notice severity="warning">
          {trans.__('Leave names and passwords out of the address: they belong in the environment of the server.')}
        </Notice>
      ) : null}
      <Field
        label={trans.__('Experiment')}
        value={experiment}
        onChange={set('experiment')}
        placeholder={trans.__('the default one')}
      />
      <Field label={trans.__('Run name')} value={run_name} onChange={set('run_name')} placeholder={trans.__('notebook and time')} />
      <div className="jp-KaleLite-Kfp-buttons">
        <button
          type="button"
          className="jp-KaleLite-button"
          onClick={() => void commands.execute(CommandIDs.compile)}
        >
          {trans.__('Preview…')}
        </button>
        <button type="submit" className="jp-KaleLite-button jp-mod-primary" aria-disabled={Boolean(why)} title={why || undefined}>
          {trans.__('Submit')}
        </button>
      </div>
      {why && !runs.isRunning ? <p className="jp-KaleLite-muted">{why}</p> : null}
    </form>
  );
}

function Field(props: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  placeholder?: string;
  type?: string;
}): JSX.Element {
  const { label, value, onChange, placeholder, type } = props;
  const id = React.useId();
  return (
    <div className="jp-KaleLite-Field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        className="jp-mod-styled"
        type={type ?? 'text'}
        value={value}
        placeholder={placeholder}
        autoComplete="off"
        spellCheck={false}
        onChange={event => onChange(event.target.value)}
      />
    </div>
  );
}
