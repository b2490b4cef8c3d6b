package track

import "math"

// assigner pairs rows with columns so that the sum of the pairs' gains is as large as it can be. It is the Hungarian
// method by shortest augmenting paths (Jonker and Volgenant, 1987; Crouse, 2016), O(rows^2 columns) with rows the
// smaller side. Its buffers are kept from call to call; the zero value is ready; not safe for concurrent use.
type assigner struct {
	cost         []float64
	u, v         []float64 // dual variables
	shortest     []float64
	path         []int // column -> row before it on the shortest path
	rowOf, colOf []int
	doneRow      []bool
	doneCol      []bool
	match        []int
}

// solve returns for each row its column, or -1. gain is row-major, rows x cols; pairs with a gain <= 0 are never made.
// The result is valid until the next call.
func (a *assigner) solve(gain []float64, rows, cols int) []int {
	a.match = resize(a.match, rows)
	for i := range a.match {
		a.match[i] = -1
	}
	if rows == 0 || cols == 0 {
		return a.match
	}
	n, m, flip := rows, cols, rows > cols
	if flip {
		n, m = cols, rows
	}
	a.cost = resize(a.cost, n*m)
	for i := range rows {
		for j := range cols {
			k := i*cols + j
			if flip {
				k = j*rows + i
			}
			a.cost[k] = -max(gain[i*cols+j], 0)
		}
	}
	a.cheapest(n, m)
	for i, j := range a.colOf {
		switch {
		case flip && gain[j*cols+i] > 0:
			a.match[j] = i
		case !flip && gain[i*cols+j] > 0:
			a.match[i] = j
		}
	}
	return a.match
}

// cheapest fills colOf with the cheapest complete assignment of n rows to m >= n columns.
func (a *assigner) cheapest(n, m int) {
	a.u, a.v = zero(a.u, n), zero(a.v, m)
	a.shortest, a.path = resize(a.shortest, m), resize(a.path, m)
	a.rowOf, a.colOf = resize(a.rowOf, m), resize(a.colOf, n)
	a.doneRow, a.doneCol = resize(a.doneRow, n), resize(a.doneCol, m)
	for j := range a.rowOf {
		a.rowOf[j] = -1
	}
	for i := range a.colOf {
		a.colOf[i] = -1
	}
	for row := range n {
		a.augment(row, n, m)
	}
}

// augment adds one row to the assignment along the cheapest alternating path (Dijkstra on reduced costs).
func (a *assigner) augment(row, n, m int) {
	clear(a.doneRow)
	clear(a.doneCol)
	for j := range a.shortest {
		a.shortest[j] = math.Inf(1)
	}
	low, sink := 0.0, -1
	for i := row; sink < 0; {
		a.doneRow[i] = true
		best, at := math.Inf(1), -1
		for j := range m {
			if a.doneCol[j] {
				continue
			}
			if r := low + a.cost[i*m+j] - a.u[i] - a.v[j]; r < a.shortest[j] {
				a.shortest[j], a.path[j] = r, i
			}
			if a.shortest[j] < best || a.shortest[j] == best && a.rowOf[j] < 0 {
				best, at = a.shortest[j], j
			}
		}
		low = best
		a.doneCol[at] = true
		if a.rowOf[at] < 0 {
			sink = at
		} else {
			i = a.rowOf[at]
		}
	}
	a.u[row] += low
	for i := range n {
		if i != row && a.doneRow[i] {
			a.u[i] += low - a.shortest[a.colOf[i]]
		}
	}
	for j := range m {
		if a.doneCol[j] {
			a.v[j] -= low - a.shortest[j]
		}
	}
	for j := sink; ; {
		i := a.path[j]
		a.rowOf[j] = i
		a.colOf[i], j = j, a.colOf[i]
		if i == row {
			return
		}
	}
}

// resize returns a slice of length n, s's own memory when it is large enough; the content is not defined.
func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, 2*n)
	}
	return s[:n]
}

func zero(s []float64, n int) []float64 {
	s = resize(s, n)
	clear(s)
	return s
}
