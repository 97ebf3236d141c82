// As main.ts does: what others must read has to be made so, also where a shell's mask would have hidden that it was not.
process.umask(0o077);
