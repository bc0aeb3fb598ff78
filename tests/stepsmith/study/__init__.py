"""Problems that are trained outside of Stepsmith."""
