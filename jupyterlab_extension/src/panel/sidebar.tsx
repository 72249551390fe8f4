/** The side panel: the pipeline of the notebook in front, and its runs. */
import { ReactWidget } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import * as React from 'react';
import { HistorySection } from '../running/history';
import { KfpSection } from '../running/kfp';
import { RunBar } from '../running/bar';
import { RunSection } from '../running/run';
import { IKaleLite } from '../tokens';

/** What every part of the panel needs. */
export interface IPartProps {
  kale: IKaleLite;
  commands: CommandRegistry;
  trans: TranslationBundle;
}

export class Sidebar extends ReactWidget {
  constructor(private readonly props: IPartProps) {
    super();
    this.addClass('jp-KaleLite-Sidebar');
  }

  protected render(): JSX.Element {
    return (
      <div>
        <RunBar {...this.props} />
        <RunSection {...this.props} />
        <KfpSection {...this.props} />
        <HistorySection {...this.props} />
      </div>
    );
  }
}
