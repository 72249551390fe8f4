import * as React from 'react';
import { IPartProps } from '../panel/sidebar';

/** The run that is followed: states, log, outputs, metrics. */
export function RunSection(_props: IPartProps): JSX.Element {
  return <div />;
}
