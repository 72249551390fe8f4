import * as React from 'react';
import { IPartProps } from '../panel/sidebar';

/** Past runs of the notebook in front. */
export function HistorySection(_props: IPartProps): JSX.Element {
  return <div />;
}
