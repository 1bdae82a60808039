"""Mail and invitation texts: one small template per letter, message catalogues in English and Italian."""
