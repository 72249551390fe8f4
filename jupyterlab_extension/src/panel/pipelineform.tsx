/** Name, description, target and settings of the pipeline: the notebook's own, in its metadata. */
import * as React from 'react';
import type { ICheckedTag } from '../api';
import { useSignal } from '../running/hooks';
import { IViewProps, TextField } from './parts';

export function PipelineForm(props: IViewProps): JSX.Element {
  const { kale, pipeline, trans } = props;
  useSignal(kale.infoChanged);
  const targets = kale.known?.targets ?? [];
  const target = targets.find(one => one.name === pipeline.target);
  const text = (name: string): string => String(pipeline.setting(name) ?? '');
  const set = (name: string) => (value: string) => pipeline.edits.setSetting(name, value.trim() || undefined);
  const stem = pipeline.path.split('/').pop()?.replace(/\.ipynb$/, '') ?? '';
  return (
    <div className="jp-KaleLite-form">
      <TextField label={trans.__('Name')} value={text('pipeline_name')} placeholder={stem} onCommit={set('pipeline_name')} />
      <TextField
        label={trans.__('Description')}
        value={text('pipeline_description')}
        multiline
        onCommit={set('pipeline_description')}
      />
      <label className="jp-KaleLite-field">
        <span className="jp-KaleLite-label">{trans.__('Target')}</span>
        <select
          className="jp-KaleLite-select"
          value={pipeline.target}
          onChange={event => (pipeline.target = event.target.value)}
        >
          {(targets.length ? targets : [{ name: 'local', label: trans.__('This machine') }]).map(one => (
            <option key={one.name} value={one.name}>
              {one.label}
            </option>
          ))}
        </select>
      </label>
      {target && !target.ready && target.hint && <p className="jp-KaleLite-hint">{target.hint}</p>}
      {pipeline.target === 'kfp' && <KubeflowFields {...props} />}
      <StepDefaults {...props} />
    </div>
  );
}

function KubeflowFields({ pipeline, trans }: IViewProps): JSX.Element {
  const text = (name: string): string => String(pipeline.setting(name) ?? '');
  const set = (name: string) => (value: string) => pipeline.edits.setSetting(name, value.trim() || undefined);
  const caching = pipeline.setting('enable_caching');
  return (
    <>
      <TextField
        label={trans.__('Image')}
        value={text('base_image')}
        placeholder="python:3.11"
        help={trans.__('The container image of every step that names none')}
        onCommit={set('base_image')}
      />
      <TextField label={trans.__('Experiment')} value={text('experiment_name')} placeholder="Default" onCommit={set('experiment_name')} />
      <label className="jp-KaleLite-field">
        <span className="jp-KaleLite-label">{trans.__('Caching')}</span>
        <select
          className="jp-KaleLite-select"
          value={caching === false ? 'off' : 'on'}
          onChange={event => pipeline.edits.setSetting('enable_caching', event.target.value === 'off' ? false : undefined)}
        >
          <option value="on">{trans.__('on')}</option>
          <option value="off">{trans.__('off')}</option>
        </select>
      </label>
    </>
  );
}

/** Options that every step has, as tags divided by spaces or commas. */
function StepDefaults({ kale, pipeline, trans }: IViewProps): JSX.Element {
  const [problems, setProblems] = React.useState<ICheckedTag[]>([]);
  const found = pipeline.setting('steps_defaults');
  const value = Array.isArray(found) ? found.map(String).join(', ') : '';
  const commit = async (text: string): Promise<void> => {
    const tags = text.split(/[\s,]+/).filter(Boolean);
    const checked = tags.length ? await kale.api.checkTags(tags).catch(() => []) : [];
    const wrong = checked.filter(one => one.kind !== 'option');
    setProblems(wrong);
    if (!wrong.length && !pipeline.isDisposed) {
      pipeline.edits.setSetting('steps_defaults', tags.length ? tags : undefined);
    }
  };
  return (
    <>
      <TextField
        label={trans.__('For all steps')}
        value={value}
        placeholder="retry:2, timeout:600"
        help={trans.__('Options that every step has, as tags: retry:2, timeout:600')}
        onCommit={text => void commit(text)}
      />
      {problems.map(one => (
        <p key={one.text} className="jp-KaleLite-problem" role="alert">
          {one.problem ? `${one.text}: ${one.problem}` : trans.__('%1 is no option of a step', one.text)}
          {one.suggestion && ` (${one.suggestion})`}
        </p>
      ))}
    </>
  );
}
