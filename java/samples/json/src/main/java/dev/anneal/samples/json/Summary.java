package dev.anneal.samples.json;

import java.util.Locale;

/** What the function adds to an order; Jackson writes it by reflection. */
public final class Summary {
    private final String customer;
    private final int pieces;
    private final long cents;

    private Summary(String customer, int pieces, long cents) {
        this.customer = customer;
        this.pieces = pieces;
        this.cents = cents;
    }

    static Summary of(Order order) {
        int pieces = 0;
        long cents = 0;
        for (Order.Line line : order.getLines()) {
            pieces += line.quantity;
            cents += line.quantity * line.cents;
        }
        return new Summary(order.getCustomer().toUpperCase(Locale.ROOT), pieces, cents);
    }

    /**
     * The customer.
     *
     * @return the customer's name in capitals
     */
    public String getCustomer() {
        return customer;
    }

    /**
     * The size of the order.
     *
     * @return how many pieces all lines hold
     */
    public int getPieces() {
        return pieces;
    }

    /**
     * The price of the order.
     *
     * @return the price of all lines
     */
    public long getCents() {
        return cents;
    }
}
