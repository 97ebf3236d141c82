'use client';
import { useEffect, useRef, useState } from 'react';
import { noProgress, type PullProgress, type RegistrySignIn } from '#lib/pull.ts';
import { messageOf } from '#lib/request.ts';

type Work = (options: {
  signal: AbortSignal;
  signIn: RegistrySignIn;
  onProgress: (progress: PullProgress) => void;
}) => Promise<void>;

const nobody: RegistrySignIn = { username: '', password: '' };

/** A pull or push from its form over its progress to its end. It is stopped when its dialog goes. */
export function useTransfer() {
  const [phase, setPhase] = useState<'form' | 'busy' | 'done'>('form');
  const [problem, setProblem] = useState<string | null>(null);
  const [progress, setProgress] = useState<PullProgress>(noProgress);
  const [signIn, setSignIn] = useState(nobody);
  const abort = useRef<AbortController>(null);
  useEffect(() => () => abort.current?.abort(), []);

  const reset = () => {
    abort.current?.abort();
    setPhase('form');
    setProblem(null);
    setProgress(noProgress);
  };
  const run = async (work: Work) => {
    reset();
    const controller = new AbortController();
    abort.current = controller;
    setPhase('busy');
    try {
      await work({ signal: controller.signal, signIn, onProgress: setProgress });
      setPhase('done');
    } catch (error) {
      if (controller.signal.aborted) return;
      setPhase('form');
      setProblem(messageOf(error));
    }
  };
  const clear = () => {
    reset();
    setSignIn(nobody);
  };
  return { phase, problem, progress, signIn, setSignIn, run, reset, clear };
}
