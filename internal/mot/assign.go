package mot

import "math"

// assign pairs rows with columns for the largest sum of gains (row-major, rows x cols) and returns for each row its
// column or -1; pairs with a gain <= 0 are never made. Hungarian method with potentials, O(n^3). The tracker has its own:
// what scores must not share its mistakes with what is scored.
func assign(gain []float64, rows, cols int) []int {
	n, m := rows, rows+cols // one column more for each row: to stay alone costs 0
	cost := func(i, j int) float64 {
		if j < cols {
			return -max(gain[i*cols+j], 0)
		}
		return 0
	}
	u, v := make([]float64, n+1), make([]float64, m+1)
	row, way := make([]int, m+1), make([]int, m+1) // row of each column, from 1; 0 is none
	for i := 1; i <= n; i++ {
		row[0] = i
		least, done := make([]float64, m+1), make([]bool, m+1)
		for j := range least {
			least[j] = math.Inf(1)
		}
		j0 := 0
		for row[j0] != 0 {
			done[j0] = true
			i0, delta, j1 := row[j0], math.Inf(1), 0
			for j := 1; j <= m; j++ {
				if done[j] {
					continue
				}
				if c := cost(i0-1, j-1) - u[i0] - v[j]; c < least[j] {
					least[j], way[j] = c, j0
				}
				if least[j] < delta {
					delta, j1 = least[j], j
				}
			}
			for j := range least {
				if done[j] {
					u[row[j]] += delta
					v[j] -= delta
				} else {
					least[j] -= delta
				}
			}
			j0 = j1
		}
		for j0 != 0 {
			row[j0] = row[way[j0]]
			j0 = way[j0]
		}
	}
	match := make([]int, rows)
	for i := range match {
		match[i] = -1
	}
	for j := 1; j <= cols; j++ {
		if i := row[j]; i != 0 && gain[(i-1)*cols+j-1] > 0 {
			match[i-1] = j - 1
		}
	}
	return match
}
