// conf/env.example is the table of settings (--print-env); and as it stands it is a valid .env.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BIN, ROOT } from './harness.mjs';

const example = readFileSync(join(ROOT, 'conf/env.example'), 'utf8');

test('conf/env.example is the output of --print-env', () => {
	assert.equal(example, execFileSync(join(BIN, 'fcgi-app'), ['--print-env'], { encoding: 'utf8' }),
		'run: build/release/bin/fcgi-app --print-env > conf/env.example');
});

test('the example is a good .env as it stands, and with all its lines uncommented', () => {
	const dir = mkdtempSync(join(tmpdir(), 'charla-'));
	const check = (text) => {
		writeFileSync(join(dir, '.env'), text, { mode: 0o600 });
		return execFileSync(join(BIN, 'fcgi-app'), ['--env', join(dir, '.env'), '--check-config'], { encoding: 'utf8', env: {} });
	};
	try {
		assert.match(check(example), /^ok: /);
		assert.match(check(example.replaceAll(/^#([A-Z_]+=.*)$/gm, '$1')), /^ok: /);
	} finally {
		rmSync(dir, { recursive: true, force: true });
	}
});
