/** Keeps a fault of one notebook's view from taking the whole panel away. */
import { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';
import { Notice } from '../running/parts';

interface IBoundaryProps {
  trans: TranslationBundle;
  children: React.ReactNode;
}

/** Shows its children, or what went wrong in drawing them, with a way to draw them again. */
export class Boundary extends React.Component<IBoundaryProps, { error: Error | null }> {
  static getDerivedStateFromError(error: Error): { error: Error } {
    return { error };
  }

  state: { error: Error | null } = { error: null };

  render(): React.ReactNode {
    const { trans, children } = this.props;
    const { error } = this.state;
    if (!error) {
      return children;
    }
    return (
      <Notice
        severity="error"
        alert
        hint={error.message}
        actions={
          <button type="button" className="jp-KaleLite-button" onClick={() => this.setState({ error: null })}>
            {trans.__('Try again')}
          </button>
        }
      >
        {trans.__('The panel cannot show this notebook: this is a fault of kale-lite. The notebook is as it was.')}
      </Notice>
    );
  }
}
