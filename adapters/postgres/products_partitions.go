package postgres

import "slices"

// inPartitions puts what is to be inserted, ascending by key, into the order of a table in partitions: one partition
// after the other, and ascending in each. COPY collects up to 1,000 rows for partitions before it inserts them, one
// partition after the other. So rows in any other order would be inserted in one that depends on what is beside them,
// and transactions that insert the same keys could wait for each other in a circle. Other distributions keep the order.
func inPartitions[T any](d Distribution, all []T, key func(T) string) []T {
	if d.kind != byHash {
		return all
	}
	return slices.Concat(grouped(all, d.partitions, func(one T) int { return partitionOf(key(one), d.partitions) })...)
}

// grouped returns all in n groups, each in its order. of returns the number of the group that one is in.
func grouped[T any](all []T, n int, of func(one T) int) [][]T {
	groups := make([][]T, n)
	for _, one := range all {
		i := of(one)
		groups[i] = append(groups[i], one)
	}
	return groups
}
