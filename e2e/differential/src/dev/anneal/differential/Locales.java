package dev.anneal.differential;

import static dev.anneal.differential.Out.say;

import java.text.BreakIterator;
import java.text.Collator;
import java.text.DateFormat;
import java.text.DecimalFormatSymbols;
import java.text.MessageFormat;
import java.text.NumberFormat;
import java.time.DayOfWeek;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.time.format.FormatStyle;
import java.time.format.TextStyle;
import java.util.Arrays;
import java.util.Calendar;
import java.util.Currency;
import java.util.Date;
import java.util.Locale;
import java.util.TimeZone;

/** What depends on where the reader lives. The same program runs under several locales. */
final class Locales {
    private Locales() {
    }

    private static final Program DEFAULTS = () -> {
        Locale locale = Locale.getDefault();
        say(locale + " " + locale.getDisplayLanguage() + " " + locale.getDisplayCountry() + " " + Locale.getDefault(Locale.Category.FORMAT));
        say(NumberFormat.getInstance().format(1234567.891) + " " + NumberFormat.getPercentInstance().format(0.256));
        say(NumberFormat.getCurrencyInstance().format(1234.5) + " " + DecimalFormatSymbols.getInstance().getDecimalSeparator());
        LocalDate date = LocalDate.of(2024, 2, 29);
        for (FormatStyle style : FormatStyle.values()) {
            say(date.format(DateTimeFormatter.ofLocalizedDate(style)));
        }
        say(DayOfWeek.MONDAY.getDisplayName(TextStyle.FULL, locale) + " " + date.getMonth().getDisplayName(TextStyle.SHORT, locale));
        say(String.format("%,.2f %tA", 9876.543, date));
        say(Calendar.getInstance().getFirstDayOfWeek() + " " + "TITLE I".toLowerCase());
        DateFormat format = DateFormat.getDateInstance(DateFormat.LONG);
        format.setTimeZone(TimeZone.getTimeZone("UTC"));
        say(format.format(new Date(0)));
    };

    static void list(Catalog catalog) {
        catalog.add("localeC", "LC_ALL=C,-Dstdout.encoding=UTF-8", DEFAULTS)
                .add("localeUtf8", DEFAULTS)
                .add("localeGerman", "-Duser.language=de,-Duser.country=DE", DEFAULTS)
                .add("localeFrench", "-Duser.language=fr,-Duser.country=FR", DEFAULTS)
                .add("localeTurkish", "-Duser.language=tr,-Duser.country=TR", DEFAULTS)
                .add("localeJapanese", "-Duser.language=ja,-Duser.country=JP", DEFAULTS)
                .add("localesByName", () -> {
                    for (Locale locale : new Locale[] {Locale.ROOT, Locale.US, Locale.GERMANY, Locale.FRANCE, Locale.JAPAN}) {
                        say(locale.toLanguageTag() + " " + NumberFormat.getCurrencyInstance(locale).format(1234.5) + " "
                                + MessageFormat.format("{0,number} {1}", 1234.5, "x") + " " + Currency.getInstance("EUR").getSymbol(locale));
                    }
                    say(Locale.forLanguageTag("zh-Hant-TW-u-ca-roc") + " " + new Locale.Builder().setLanguage("sr").setScript("Latn").build());
                    say(Arrays.asList(Locale.getISOCountries()).size() + " " + Locale.of("de", "AT").getISO3Country());
                }).add("collation", () -> {
                    String[] words = {"Zebra", "\u00c4pfel", "apfel", "Apfel", "zoo", "\u00e9t\u00e9"};
                    Arrays.sort(words, Collator.getInstance(Locale.ENGLISH));
                    say(Arrays.toString(words));
                    Collator primary = Collator.getInstance(Locale.ENGLISH);
                    primary.setStrength(Collator.PRIMARY);
                    say(primary.compare("\u00e9", "E"));
                }).add("boundaries", () -> {
                    BreakIterator breaks = BreakIterator.getSentenceInstance(Locale.ENGLISH);
                    breaks.setText("One. Two! Three? Four");
                    StringBuilder places = new StringBuilder();
                    for (int at = breaks.first(); at != BreakIterator.DONE; at = breaks.next()) {
                        places.append(at).append(' ');
                    }
                    say(places);
                });
    }
}
