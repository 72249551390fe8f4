/** Runs on Kubeflow Pipelines: what is submitted where. Who submits is known to the server alone. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Section, SectionMemory } from '../panel/section';
import { IPartProps } from '../panel/sidebar';
import type { IInfo } from '../api';
import type { NotebookRuns } from '../runs';
import { CommandIDs } from '../tokens';
import { useRuns } from './hooks';
import { Notice } from './parts';
import { recall, remember, withoutSecrets } from './remember';
import { whyNotStart } from './words';

export function KfpSection(props: IPartProps & { memory: SectionMemory }): JSX.Element | null {
  const { kale, memory, trans } = props;
  const runs = useRuns(kale);
  const info = useInfo(kale.info);
  if (!runs) {
    return null;
  }
  return (
    <Section name="kubeflow" title={trans.__('Kubeflow Pipelines')} memory={memory} folded>
      <KfpForm key={runs.pipeline.panel.id} runs={runs} info={info} {...props} />
    </Section>
  );
}

function useInfo(asked: Promise<IInfo>): IInfo | null {
  const [info, setInfo] = React.useState<IInfo | null>(null);
  React.useEffect(() => {
    let over = false;
    asked.then(found => !over && setInfo(found)).catch(() => undefined); // the panel tells what is missing
    return () => {
      over = true;
    };
  }, [asked]);
  return info;
}

/** A text of the notebook's settings. */
function setting(runs: NotebookRuns, name: string): string {
  const found = runs.pipeline.analysis?.settings?.[name];
  return typeof found === 'string' ? found : '';
}

export function KfpForm(props: IPartProps & { runs: NotebookRuns; info: IInfo | null }): JSX.Element {
  const { runs, info, commands, trans } = props;
  const [host, setHost] = React.useState<string | null>(null);
  const [experiment, setExperiment] = React.useState<string | null>(null);
  const [name, setName] = React.useState('');
  const target = info?.targets.find(one => one.name === 'kfp');
  const shownHost = host ?? (recall('kfp-host') || setting(runs, 'kfp_host') || info?.kfp_host || '');
  const shownExperiment = experiment ?? (recall('kfp-experiment') || setting(runs, 'experiment_name'));
  const why = whyNot(runs, target?.ready ? shownHost : null, trans);
  const submit = (): void => {
    remember('kfp-host', withoutSecrets(shownHost.trim()));
    remember('kfp-experiment', shownExperiment.trim());
    void runs.start({
      target: 'kfp',
      host: shownHost.trim(),
      experiment: shownExperiment.trim(),
      run_name: name.trim()
    });
  };
  return (
    <form
      className="jp-KaleLite-Kfp"
      noValidate
      onSubmit={event => {
        event.preventDefault();
        if (!why) {
          submit();
        }
      }}
    >
      {target && !target.ready ? (
        <Notice severity="info" hint={target.hint}>
          {trans.__('Pipelines cannot be compiled or submitted from here yet.')}
        </Notice>
      ) : null}
      <Field label={trans.__('Server')} value={shownHost} onChange={setHost} placeholder="https://…" type="url" />
      {withoutSecrets(shownHost) !== shownHost && /@/.test(shownHost) ? (
        <Notice severity="warning">
          {trans.__('Leave names and passwords out of the address: they belong in the environment of the server.')}
        </Notice>
      ) : null}
      <Field label={trans.__('Experiment')} value={shownExperiment} onChange={setExperiment} placeholder={trans.__('the default one')} />
      <Field label={trans.__('Run name')} value={name} onChange={setName} placeholder={trans.__('notebook and time')} />
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

/** Why nothing can be submitted; `host` null: the server part cannot. */
function whyNot(runs: NotebookRuns, host: string | null, trans: TranslationBundle): string {
  if (host === null) {
    return trans.__('kfp is not there.');
  }
  if (!host.trim()) {
    return trans.__('Say where the server is.');
  }
  if (/^[a-z]+:\/\/[^/?#]*@/i.test(host)) {
    return trans.__('The address holds a name or a password.');
  }
  return whyNotStart(runs.pipeline, runs, trans);
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
