import { existsSync } from 'node:fs';
import { arch } from 'node:os';
import { libc } from './libc.ts';

/** Which second ABIs programs on this kernel can use. */

const X32_BIT = 0x40000000;
const GETPID = 39;

/** 64-bit registers with 32-bit pointers: rarely built into a kernel, and asked by calling it. */
const hasX32 = (): boolean => Number(libc.syscall(X32_BIT + GETPID)) === process.pid;

/** 32-bit x86 programs: the kernel shows the switch of their vDSO where it can run them. */
const hasIa32 = (): boolean => existsSync('/proc/sys/abi/vsyscall32');

/** libseccomp's names of the architectures whose programs cannot run here. */
export function unusableArchitectures(): string[] {
  if (arch() !== 'x64') return [];
  return [...(hasX32() ? [] : ['SCMP_ARCH_X32']), ...(hasIa32() ? [] : ['SCMP_ARCH_X86'])];
}
