package main

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
)

var entry = regexp.MustCompile(`^([A-Za-z0-9_-]{1,100})=([0-9]{1,9})$`)

// readPrices reads the price list from the environment: PRICES="opening-night=4500 quay-concert=2500".
func readPrices() (map[string]int64, error) {
	text, found := os.LookupEnv("PRICES")
	if !found {
		return nil, errors.New("PRICES is not set: EVENT=CENTS for each event, parted by spaces")
	}
	prices := map[string]int64{}
	for _, each := range strings.Fields(text) {
		parts := entry.FindStringSubmatch(each)
		if parts == nil {
			return nil, fmt.Errorf("PRICES: `%s` is not EVENT=CENTS", each)
		}
		prices[parts[1]], _ = strconv.ParseInt(parts[2], 10, 64) // nine digits at most: it cannot fail
	}
	return prices, nil
}
