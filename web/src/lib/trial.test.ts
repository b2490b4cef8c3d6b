import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CameraTrial } from '../api/client';
import { trialEn } from '../words/trial.en';
import { trialVi } from '../words/trial.vi';
import { facts, findings, progress, secondsOf } from './trial';

const trial: CameraTrial = {
  ok: true,
  profile: 'High, level 4.0',
  pictures: 120,
  keyFrames: 1,
  firstPicture: '0.084s',
  stream: {
    codec: 'h264',
    width: 1920,
    height: 1080,
    fps: 15.04,
    bitRate: 2_130_000,
    gop: '10s',
    transport: 'tcp',
    packetsLost: '1200',
    clockSkew: '-10800s',
  },
  findings: [
    { code: 'gop_long', weight: 'WEIGHT_TROUBLE', text: 'Key frames come only every 10 s.', advice: 'Set 1-2 s.' },
    { code: 'of_tomorrow', weight: 'WEIGHT_NOTE', text: 'Something new.', advice: '' },
  ],
};

describe('the test of a camera', () => {
  it('tells the facts in the language of the reader', () => {
    const vi = new Map(facts(trial, trialVi, 'vi'));
    expect(vi.get('Mã hóa')).toBe('H264 (High, level 4.0)');
    expect(vi.get('Tốc độ dữ liệu')).toBe('2,13 Mbit/s');
    expect(vi.get('Đồng hồ camera lệch')).toMatch(/10\.800/);
    const en = new Map(facts(trial, trialEn, 'en'));
    expect(en.get('Distance of key frames')).toMatch(/^10/);
    expect(en.get('Packets lost')).toBe('1,200');
  });

  it('has no facts without pictures and no key frames of MJPEG', () => {
    expect(facts({ ok: false, stream: {} }, trialVi, 'vi')).toEqual([]);
    const mjpeg = { ...trial, stream: { ...trial.stream, codec: 'mjpeg' } };
    expect(facts(mjpeg, trialEn, 'en').map(([name]) => name)).not.toContain('B-frames');
  });

  it('says that a clock which was not told is not known', () => {
    const stream = { ...trial.stream };
    delete stream.clockSkew;
    expect(new Map(facts({ ...trial, stream }, trialEn, 'en')).get('Camera clock is off by')).toBe('not known');
  });

  it('puts the node’s English beside a translation, and in place of one that is missing', () => {
    const [known, unknown] = findings(trial, trialVi);
    expect(known?.text).toMatch(/GOP/);
    expect(known?.beside).toBe('Key frames come only every 10 s. Set 1-2 s.');
    expect(unknown).toEqual({ weight: 'WEIGHT_NOTE', text: 'Something new.', beside: '' });
  });

  it('knows every finding that a node can make', () => {
    const said = ['judge.go', 'picture.go'].flatMap((file) => {
      const source = readFileSync(new URL(`../../../internal/probe/${file}`, import.meta.url), 'utf8');
      return [...source.matchAll(/(?:find\(|Code: |f\.Code, [^"\n]*= )"([a-z0-9_]+)"/g)].map((m) => m[1] ?? '');
    });
    expect(said.length).toBeGreaterThan(15);
    for (const code of said) expect(Object.keys(trialVi.finding), code).toContain(code);
  });

  it('never says that it is done before it is', () => {
    expect(progress(0)).toBe(0);
    expect(progress(1000)).toBeLessThan(1);
    expect(secondsOf('x')).toBeUndefined();
  });
});
