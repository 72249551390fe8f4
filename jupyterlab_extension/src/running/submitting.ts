/** What is submitted to Kubeflow Pipelines and where, and why it cannot be. Who submits is known to the server alone. */
import { TranslationBundle } from '@jupyterlab/translation';
import type { IInfo } from '../api';
import type { ISubmission, NotebookPipeline } from '../model';
import type { NotebookRuns } from '../runs';
import { recall, remember, withoutSecrets } from './remember';
import { whyNotStart } from './words';

/** A text of the notebook's settings. */
function setting(pipeline: NotebookPipeline, name: string): string {
  const found = pipeline.analysis?.settings?.[name];
  return typeof found === 'string' ? found : '';
}

/** What the user typed, else what the notebook says or was typed last, else what the server knows. */
export function submissionOf(pipeline: NotebookPipeline, info: IInfo | null): ISubmission {
  const { host, experiment, run_name } = pipeline.submission;
  return {
    host: host ?? (recall('kfp-host') || setting(pipeline, 'kfp_host') || info?.kfp_host || ''),
    experiment: experiment ?? (setting(pipeline, 'experiment_name') || recall('kfp-experiment')),
    run_name: run_name ?? ''
  };
}

/** Why nothing can be submitted; empty when it can. */
export function whyNotSubmit(runs: NotebookRuns, info: IInfo | null, trans: TranslationBundle): string {
  if (!info?.targets.find(one => one.name === 'kfp')?.ready) {
    return trans.__('kfp is not there.');
  }
  const { host } = submissionOf(runs.pipeline, info);
  if (!host.trim()) {
    return trans.__('Say where the server is, in the section Kubeflow Pipelines.');
  }
  if (/^[a-z]+:\/\/[^/?#]*@/i.test(host)) {
    return trans.__('The address holds a name or a password.');
  }
  return whyNotStart(runs.pipeline, runs, trans);
}

/** Submit the notebook, and remember where to. */
export function submit(runs: NotebookRuns, info: IInfo | null): Promise<void> {
  const { host, experiment, run_name } = submissionOf(runs.pipeline, info);
  remember('kfp-host', withoutSecrets(host.trim()));
  remember('kfp-experiment', experiment.trim());
  return runs.start({ target: 'kfp', host: host.trim(), experiment: experiment.trim(), run_name: run_name.trim() });
}

/** Why the main button, which runs or submits as the notebook's target says, can do nothing; empty when it can. */
export function whyNotBegin(runs: NotebookRuns | null, info: IInfo | null, trans: TranslationBundle): string {
  return runs?.pipeline.target === 'kfp' ? whyNotSubmit(runs, info, trans) : whyNotStart(runs?.pipeline ?? null, runs, trans);
}

/** What the main button does, in a sentence. */
export function beginWords(runs: NotebookRuns | null, info: IInfo | null, trans: TranslationBundle): string {
  return runs?.pipeline.target === 'kfp'
    ? trans.__('Save the notebook, compile it, and submit it to %1', submissionOf(runs.pipeline, info).host.trim())
    : trans.__('Save the notebook, compile it, and run its steps');
}

/** Run the notebook here, or submit it, as its target says. */
export function begin(runs: NotebookRuns, info: IInfo | null): Promise<void> {
  return runs.pipeline.target === 'kfp' ? submit(runs, info) : runs.start();
}
