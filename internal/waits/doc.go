// Package waits turns counts and stays into waiting times with their uncertainty. Three estimators are always computed
// side by side, because each fails differently: first-in-first-out reconstruction (FIFO), flow (Little) and tracked stays
// (Kaplan-Meier). Publish chooses the figure to print by the rule of docs/METHOD.md. A mean over completed tracks is never
// published: long waits are the ones most likely to be broken by a lost identity, so that mean is far too low.
//
// What is published is an interval too: about the period's own sessions where there are one or two, about sessions like
// these from eight on (interval.go). Pace foretells the wait of a person who joins now; Share and Stays are the share given
// up and service times.
//
// Place on the road: analytics/measure reconstructs on the node; stores and reports combine the mergeable parts later.
// In: queue lengths, exits, minute sums, histograms of stays. Out: models.Estimate, in seconds or 0..1. Pure; anybody may
// import it.
package waits
