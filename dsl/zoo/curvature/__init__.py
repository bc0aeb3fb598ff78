"""Second-order information: products with the Hessian, Gauss-Newton, and what is made of them."""
