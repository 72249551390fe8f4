/** What keeps the panel from showing the pipeline, and how to mend it; and what it says at first. */
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import type { ApiError } from '../api';
import { VersionError } from '../kale';
import { useSignal } from '../running/hooks';
import { Notice } from '../running/parts';
import { CommandIDs } from '../tokens';
import type { IViewProps } from './parts';
import type { IPartProps } from './sidebar';

/** The server part is missing, of another version, or does not answer. */
export function ServerNotice({ kale, trans }: IPartProps): JSX.Element | null {
  useSignal(kale.infoChanged);
  const { problem } = kale;
  if (!problem) {
    return null;
  }
  const { message, hint } = serverWords(problem, trans);
  return (
    <Notice
      severity="error"
      alert
      hint={hint}
      actions={
        <button type="button" className="jp-KaleLite-button" onClick={() => void kale.retry()}>
          {trans.__('Try again')}
        </button>
      }
    >
      {message}
    </Notice>
  );
}

function serverWords(error: ApiError, trans: TranslationBundle): { message: string; hint: string } {
  if (error.status === 404) {
    return {
      message: trans.__('The server part of kale-lite is not there.'),
      hint: trans.__(
        'Install kale-lite[lab] where JupyterLab runs, and start JupyterLab again; `jupyter server extension list` has to name kale_lite.'
      )
    };
  }
  if (error instanceof VersionError) {
    return {
      message: trans.__('The server part of kale-lite is of another version (%1).', error.version),
      hint: trans.__('Install both parts anew, and start JupyterLab again.')
    };
  }
  return { message: error.message, hint: error.hint };
}

/** What is the matter with the notebook in front or its analysis. */
export function NotebookNotices(props: IViewProps): JSX.Element {
  const { kale, pipeline, trans } = props;
  const { failure, language } = pipeline;
  const isOther = language !== '' && language !== 'python';
  return (
    <>
      {isOther && (
        <Notice severity="info">
          {trans.__('This notebook is written in %1. Pipelines are made of Python notebooks.', language)}
        </Notice>
      )}
      {pipeline.isReady && pipeline.isReadOnly && (
        <Notice severity="warning">
          {trans.__('The file is read-only: tags can be tried, but not saved. Save the notebook under another name.')}
        </Notice>
      )}
      {failure && !pipeline.isReady && (
        <Notice severity="error" alert hint={failure.message}>
          {trans.__('This notebook could not be opened.')}
        </Notice>
      )}
      {failure && pipeline.isReady && !kale.problem && !isOther && (
        <Notice
          severity="error"
          alert
          hint={failure.status === 0 ? '' : failure.hint}
          actions={
            <button type="button" className="jp-KaleLite-button" onClick={() => pipeline.retry()}>
              {trans.__('Try again')}
            </button>
          }
        >
          {failure.status === 0
            ? trans.__('The Jupyter server does not answer. What is shown is from before; it is asked again every few seconds.')
            : trans.__('The notebook could not be analysed: %1', failure.message)}
        </Notice>
      )}
    </>
  );
}

/** Three lines for a notebook that has no tags yet. */
export function FirstUse({ commands, trans }: { commands: CommandRegistry } & Pick<IPartProps, 'trans'>): JSX.Element {
  const keys = commands.keyBindings.find(one => one.command === CommandIDs.editCell)?.keys[0];
  return (
    <div className="jp-KaleLite-firstUse">
      <ol>
        <li>{trans.__('Say which cells belong to which step: click the mark above a cell%1, or let steps be suggested.', shortcut(keys))}</li>
        <li>{trans.__('What flows from step to step, and what can run side by side, is found out by itself.')}</li>
        <li>{trans.__('Run the pipeline here, in parallel, or on Kubeflow. The notebook stays as it is.')}</li>
      </ol>
      <button
        type="button"
        className="jp-KaleLite-button jp-mod-primary"
        onClick={() => void commands.execute(CommandIDs.suggest)}
      >
        {trans.__('Suggest steps')}
      </button>
    </div>
  );
}

function shortcut(keys: string | undefined): string {
  return keys ? ` (${CommandRegistry.formatKeystroke(keys)})` : '';
}
