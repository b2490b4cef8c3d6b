import { readFileSync } from 'node:fs';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig, type Plugin } from 'vite';

/** Go embeds dist, which must never be empty: every build puts back the placeholder that it found there. */
function keepPlaceholder(): Plugin {
  const source = readFileSync(new URL('./dist/placeholder.html', import.meta.url));
  return {
    name: 'keep-placeholder',
    generateBundle() {
      this.emitFile({ type: 'asset', fileName: 'placeholder.html', source });
    },
  };
}

export default defineConfig({
  plugins: [svelte(), keepPlaceholder()],
  build: {
    emptyOutDir: true,
    // The content security policy allows neither data: fonts nor inline scripts.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { proxy: { '/api': process.env.COUNTERWATCH_URL ?? 'http://127.0.0.1:8080' } },
  test: { include: ['src/**/*.test.ts'] },
} as Parameters<typeof defineConfig>[0]);
