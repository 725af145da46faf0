// Numbers out of the base64 in which a page carries them.

export function bytesOf(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; ++i) bytes[i] = text.charCodeAt(i);
  return bytes;
}

export function signedBytesOf(base64: string): Int8Array {
  return new Int8Array(bytesOf(base64).buffer);
}

// 16-bit wholes, little-endian, as shares from 0 to 1.
export function sharesOf(base64: string): Float32Array {
  const bytes = bytesOf(base64);
  const shares = new Float32Array(bytes.length >> 1);
  for (let i = 0; i < shares.length; ++i) shares[i] = ((bytes[2 * i] ?? 0) + 256 * (bytes[2 * i + 1] ?? 0)) / 65535;
  return shares;
}
