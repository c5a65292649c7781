package postgres

import (
	"encoding/binary"
	"math/bits"
)

// hashText is PostgreSQL's hashtext of a text whose collation is deterministic, by which Citus chooses the shard.
func hashText(s string) int32 { return int32(hashBytes(s, 0)) }

// partitionOf returns in which of n partitions by hash PostgreSQL has a text whose collation is deterministic.
func partitionOf(s string, n int) int {
	// HASH_PARTITION_SEED of PostgreSQL's partitioning/partbounds.c, and what hash_combine64 adds to the first column.
	const seed, first = 0x7a5b22367996dcfd, 0x49a0f4dd15e5a8e3
	return int((hashBytes(s, seed) + first) % uint64(n))
}

// hashBytes is PostgreSQL's hash_bytes_extended: Bob Jenkins's lookup3 on the text's bytes, as servers on little-endian
// machines have it.
func hashBytes(s string, seed uint64) uint64 {
	const start = 0x9e3779b9 + 3923095
	a := start + uint32(len(s))
	b, c := a, a
	if seed != 0 {
		a, b, c = mixHash(a+uint32(seed>>32), b+uint32(seed), c)
	}
	rest := []byte(s)
	for ; len(rest) >= 12; rest = rest[12:] {
		a += binary.LittleEndian.Uint32(rest)
		b += binary.LittleEndian.Uint32(rest[4:])
		c += binary.LittleEndian.Uint32(rest[8:])
		a, b, c = mixHash(a, b, c)
	}
	var last [12]byte
	copy(last[:], rest)
	a += binary.LittleEndian.Uint32(last[:])
	b += binary.LittleEndian.Uint32(last[4:])
	c += binary.LittleEndian.Uint32(last[8:]) << 8 // the lowest byte is the length's
	c = (c ^ b) - bits.RotateLeft32(b, 14)
	a = (a ^ c) - bits.RotateLeft32(c, 11)
	b = (b ^ a) - bits.RotateLeft32(a, 25)
	c = (c ^ b) - bits.RotateLeft32(b, 16)
	a = (a ^ c) - bits.RotateLeft32(c, 4)
	b = (b ^ a) - bits.RotateLeft32(a, 14)
	c = (c ^ b) - bits.RotateLeft32(b, 24)
	return uint64(b)<<32 | uint64(c)
}

// mixHash mixes three words reversibly.
func mixHash(a, b, c uint32) (uint32, uint32, uint32) {
	for _, by := range [...][2]int{{4, 6}, {16, 19}} {
		a = (a - c) ^ bits.RotateLeft32(c, by[0])
		c += b
		b = (b - a) ^ bits.RotateLeft32(a, by[1])
		a += c
		last := 8
		if by[0] == 16 {
			last = 4
		}
		c = (c - b) ^ bits.RotateLeft32(b, last)
		b += a
	}
	return a, b, c
}
