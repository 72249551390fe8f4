import { readFileSync } from 'fs';
import { defineConfig } from 'vitest/config';

/** Icons are text in Lab's build; here they would be addresses. */
const svgAsText = {
  name: 'svg-as-text',
  enforce: 'pre' as const,
  load: (id: string) => (id.endsWith('.svg') ? `export default ${JSON.stringify(readFileSync(id, 'utf8'))}` : undefined)
};

export default defineConfig({
  plugins: [svgAsText],
  test: {
    include: ['test/**/*.test.{ts,tsx}'],
    environment: 'jsdom',
    setupFiles: ['test/setup.ts'],
    // The packages of JupyterLab are ES modules that Node does not take for such.
    server: { deps: { inline: [/@jupyterlab/, /@lumino/, /@jupyter/] } }
  }
});
