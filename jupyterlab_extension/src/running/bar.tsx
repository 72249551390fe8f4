import * as React from 'react';
import { IPartProps } from '../panel/sidebar';

/** The buttons that start and stop a run of the notebook in front. */
export function RunBar(_props: IPartProps): JSX.Element {
  return <div />;
}
